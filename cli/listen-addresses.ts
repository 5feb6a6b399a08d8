import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { isAbsurdAddress, isLoopbackAddress, isNamed, isPublicAddress } from '../src/os/libp2p-addresses.ts'
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
 * Checks what all `--listen` say.
 *
 * @throws CliError
 */
export function checkListenAddresses(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) {
    throw badInput('an address to listen on is needed, such as /ip4/0.0.0.0/tcp/4001; none is given')
  }
  for (const text of texts) {
    if (!/^(ip4|ip6) tcp$/.test(namesOf(text))) {
      throw badInput(`'${text}' is no address to listen on; write for example /ip4/0.0.0.0/tcp/4001 or /ip6/::/tcp/0`)
    }
  }
  return texts
}

/**
 * Checks `--announce`: an address that others can dial, without `/p2p/…`.
 *
 * @throws CliError
 */
export function checkAnnounceAddress(text: string): string {
  const names = namesOf(text)
  if (/^(ip4|ip6|dns|dns4|dns6) tcp p2p\b/.test(names)) {
    throw badInput(`'${text}' says more than is announced; write it without /p2p/ and what follows`)
  }
  // Made again from bytes, every spelling of an IP address is the same.
  if (!/^(ip4|ip6|dns|dns4|dns6) tcp$/.test(names) || isAbsurdAddress(multiaddr(multiaddr(text).bytes))) {
    throw badInput(`'${text}' is no address that others can dial; write for example /ip4/192.0.2.7/tcp/4001`)
  }
  return text
}

/** What to say of an announced address that is good, but not for everybody; undefined where there is nothing to say. */
export function announceNote(text: string): string | undefined {
  const address = multiaddr(text)
  if (isNamed(address) || isPublicAddress(address)) {
    return undefined
  }
  return isLoopbackAddress(address)
    ? `Note: --announce ${text} is an address of this machine alone; nobody elsewhere can dial it.`
    : `Note: --announce ${text} is an address of a private network; nobody beyond it can dial it.`
}

/**
 * Checks `--bootstrap`.
 *
 * @throws CliError
 */
export function checkBootstrapAddress(text: string): string {
  const names = namesOf(text)
  if (!/^(ip4|ip6|dns|dns4|dns6) tcp p2p$/.test(names)) {
    throw badInput(
      `'${text}' is no address of a node; one looks like /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW… ('kabber status' there shows it)`,
    )
  }
  if (!/\/p2p\/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(text)) {
    throw badInput(`'${text}' does not end with the peer id of a Kabber node (12D3KooW…, 52 characters)`)
  }
  if (isAbsurdAddress(multiaddr(multiaddr(text).bytes))) {
    throw badInput(
      `'${text}' cannot be dialled; put the address of the machine and its port in place of 0.0.0.0, :: or 0`,
    )
  }
  return text
}

/** The protocols of an address, such as `ip4 tcp`; nothing if it is none. */
function namesOf(text: string): string {
  try {
    return multiaddr(text)
      .getComponents()
      .map(({ name }) => name)
      .join(' ')
  } catch {
    return ''
  }
}
