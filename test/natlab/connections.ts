import type { LabHost } from './internet.ts'
import { LISTEN_PORT } from './lab-node.ts'
import { runIn } from './netns.ts'

/** A TCP connection as the kernel of a host sees it. */
interface Connection {
  readonly localPort: number
  readonly remoteAddress: string
}

/**
 * How the kernel says that two hosts are connected straight: one has `dialled` the other's listening port, or hole
 * `punched`, from and to ports on which nobody listens; undefined: there is no connection between them.
 */
export function straightConnection(one: LabHost, other: LabHost): 'dialled' | 'punched' | undefined {
  const ends = [...connections(one, other), ...connections(other, one)]
  if (ends.length === 0) {
    return undefined
  }
  return ends.some(({ localPort }) => localPort === LISTEN_PORT) ? 'dialled' : 'punched'
}

function connections(host: LabHost, other: LabHost): readonly Connection[] {
  const addresses = [other.address, other.publicAddress]
  return runIn(host.name, 'ss', ['-Htn', 'state', 'established'])
    .split('\n')
    .filter(Boolean)
    .map(readLine)
    .filter(({ remoteAddress }) => addresses.includes(remoteAddress) && remoteAddress !== host.address)
}

/** `0 0 192.168.1.2:4001 45.10.0.10:51234` */
function readLine(line: string): Connection {
  const [, , local = '', remote = ''] = line.trim().split(/\s+/)
  return {
    localPort: portOf(local),
    remoteAddress: remote.slice(0, remote.lastIndexOf(':')).replace(/^\[::ffff:(.*)\]$/, '$1'),
  }
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
}
