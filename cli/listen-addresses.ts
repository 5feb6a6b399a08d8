import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { badInput } from './cli-error.ts'
import { homePort } from './home-port.ts'

/** Where a node listens when nobody says. */
const ALL_INTERFACES = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']
const ANY_PORT = /^\/(ip[46])\/([^/]+)\/tcp\/0$/

/**
 * The addresses to listen on, all interfaces by default. Port 0 leaves the choice to us: it becomes the port that follows
 * from the PeerId, so that it stays the same over restarts (what others remember stays true) and differs between the homes
 * of one machine; any port if that one is taken. By default a machine without IPv6 listens on IPv4 alone.
 */
export async function listenAddresses(peerId: string, wanted?: readonly string[]): Promise<readonly string[]> {
  const port = homePort(peerId)
  const addresses = await Promise.all((wanted ?? ALL_INTERFACES).map(async (address) => await withPort(address, port)))
  return addresses.filter((address) => address !== undefined)

  /** Undefined for a default that this machine does not have; what the user asked for is left to fail with its reason. */
  async function withPort(address: string, port: number): Promise<string | undefined> {
    const [, family, host] = ANY_PORT.exec(address) ?? []
    if (family === undefined || host === undefined) {
      return address
    }
    const failure = await tryListen(host, port)
    if (failure !== undefined && failure !== 'EADDRINUSE') {
      return wanted === undefined ? undefined : address
    }
    return failure === undefined ? `/${family}/${host}/tcp/${port}` : address
  }
}

/** Listens there for a moment; the error code of the system if that cannot be. */
export function tryListen(host: string, port: number): Promise<string | undefined> {
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
 * Checks `--announce`: an address that others can dial, without `/p2p/…`.
 *
 * @throws CliError
 */
export function checkAnnounceAddress(text: string): string {
  const names = namesOf(text)
  if (
    !/^(ip4|ip6|dns|dns4|dns6) tcp$/.test(names.join(' ')) ||
    /\/(tcp\/0|ip4\/0\.0\.0\.0\/.*|ip6\/::\/.*)$/.test(text)
  ) {
    throw badInput(`'${text}' is no address that others can dial; write for example /ip4/192.0.2.7/tcp/4001`)
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
