import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Clock } from '../system/clock.ts'
import type { Path, PeerAddresses } from '../system/network.ts'
import { isRelayedAddress } from './libp2p-addresses.ts'
import { addressesOf, type ConnectOptions, connect } from './libp2p-connect.ts'
import { isStaleConnection } from './libp2p-dial-error.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** How long a connection that is open may take to open a stream before another way is tried: six slow round trips. */
const STREAM_PATIENCE_MS = 3_000
/** Open connections to a peer that are tried, best first. */
const MAX_CONNECTIONS_TRIED = 3

/** Options of `openStream`. */
export interface OpenStreamOptions extends ConnectOptions {
  readonly clock: Pick<Clock, 'sleep' | 'timeoutSignal'>
  /** @default libp2p's */
  readonly maxOutboundStreams: number | undefined
}

/** A stream and the connection that it is on. */
export interface OpenedStream {
  readonly stream: Stream
  readonly path: Path
}

/**
 * Opens a stream of `protocol`, over an open connection if there is one, direct before relayed; throws what libp2p throws.
 * A connection that libp2p takes for open may be dead: where there is another way, it gets a few seconds.
 */
export async function openStream(
  node: Libp2pNode,
  peer: PeerAddresses,
  protocol: string,
  options: OpenStreamOptions,
): Promise<OpenedStream> {
  const open = bestFirst(node.getConnections(peerIdFromString(peer.peerId)))
  const relayed = open.length === 0 ? [] : (await addressesOf(node, peer)).filter(isRelayedAddress)
  let isSilent = false
  for (const [index, connection] of open.slice(0, MAX_CONNECTIONS_TRIED).entries()) {
    const hasOtherWay = index + 1 < open.length || (relayed.length > 0 && pathOf(connection) === 'direct')
    const patience = hasOtherWay ? options.clock.timeoutSignal(STREAM_PATIENCE_MS) : undefined
    try {
      return await openOn(connection, protocol, options, patience)
    } catch (error) {
      isSilent = patience?.aborted === true
      if (options.signal.aborted || !(isSilent || isStaleConnection(error))) {
        throw error
      }
    }
  }
  // Given direct addresses libp2p would hand out the silent connection again.
  const ways = isSilent ? { peerId: peer.peerId, addresses: relayed.map(String), isRelayedOnly: true } : peer
  return await openOn(await connect(node, ways, options), protocol, options)
}

async function openOn(
  connection: Connection,
  protocol: string,
  { signal, maxOutboundStreams }: OpenStreamOptions,
  patience?: AbortSignal,
): Promise<OpenedStream> {
  const stream = await connection.newStream(protocol, {
    signal: patience === undefined ? signal : AbortSignal.any([signal, patience]),
    runOnLimitedConnection: true,
    ...(maxOutboundStreams === undefined ? {} : { maxOutboundStreams }),
  })
  return { stream, path: pathOf(connection) }
}

/** The open connection to take: a direct one before a relayed one, then the oldest. */
export function bestConnection(connections: readonly Connection[]): Connection | undefined {
  return bestFirst(connections)[0]
}

function bestFirst(connections: readonly Connection[]): Connection[] {
  const open = connections.filter((connection) => connection.status === 'open')
  return [
    ...open.filter((connection) => pathOf(connection) === 'direct'),
    ...open.filter((connection) => pathOf(connection) === 'relayed'),
  ]
}

/** Whether a connection goes through a relay. */
export function pathOf({ remoteAddr }: Pick<Connection, 'remoteAddr'>): Path {
  return isRelayedAddress(remoteAddr) ? 'relayed' : 'direct'
}
