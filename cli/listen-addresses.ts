import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { badInput } from './cli-error.ts'

/** The first of the ports a home may get; below those that systems hand out by themselves (IANA: from 49152, Linux: from 32768). */
const FIRST_HOME_PORT = 16_384
const HOME_PORTS = 16_384

/**
 * Where a node listens when nobody says: all interfaces, on a port that follows from the PeerId. So it stays the same over
 * restarts (what others remember stays true) and differs between the homes of one machine. Any port if that one is taken.
 */
export async function defaultListenAddresses(peerId: string): Promise<readonly string[]> {
  const wanted = homePort(peerId)
  const families = [
    { any: '0.0.0.0', protocol: 'ip4' },
    { any: '::', protocol: 'ip6' },
  ]
  const addresses = await Promise.all(
    families.map(async ({ any, protocol }) => {
      const failure = await tryListen(any, wanted)
      const port = failure === 'EADDRINUSE' ? 0 : wanted
      return failure === undefined || failure === 'EADDRINUSE' ? `/${protocol}/${any}/tcp/${port}` : undefined
    }),
  )
  return addresses.filter((address) => address !== undefined)
}

/** The port of a home, from 16384 to 32767. */
export function homePort(peerId: string): number {
  let hash = 0
  for (const character of peerId) {
    hash = (hash * 31 + character.charCodeAt(0)) >>> 0
  }
  return FIRST_HOME_PORT + (hash % HOME_PORTS)
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen({ host, port, ipv6Only: host === '::' }, () => server.close(() => resolve(undefined)))
  })
}

/**
 * Checks `--listen`.
 *
 * @throws CliError
 */
export function checkListenAddress(text: string): string {
  const names = namesOf(text)
  if (!/^(ip4|ip6) tcp$/.test(names.join(' '))) {
    throw badInput(`'${text}' is no address to listen on; write for example /ip4/0.0.0.0/tcp/4001 or /ip6/::/tcp/0`)
  }
  return text
}

/**
 * Checks `--bootstrap`.
 *
 * @throws CliError
 */
export function checkBootstrapAddress(text: string): string {
  const names = namesOf(text)
  if (!/^(ip4|ip6|dns|dns4|dns6) tcp p2p$/.test(names.join(' '))) {
    throw badInput(
      `'${text}' is no address of a node; one looks like /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW… ('kabber status' there shows it)`,
    )
  }
  if (!/\/p2p\/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(text)) {
    throw badInput(`'${text}' does not end with the peer id of a Kabber node (12D3KooW…, 52 characters)`)
  }
  return text
}

function namesOf(text: string): readonly string[] {
  try {
    return multiaddr(text)
      .getComponents()
      .map(({ name }) => name)
  } catch {
    return []
  }
}
