import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Path, PeerAddresses } from '../system/network.ts'
import { isRelayedAddress } from './libp2p-addresses.ts'
import { type ConnectOptions, connect } from './libp2p-connect.ts'
import { isStaleConnection } from './libp2p-dial-error.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** Options of `openStream`. */
export interface OpenStreamOptions extends ConnectOptions {
  /** @default libp2p's */
  readonly maxOutboundStreams: number | undefined
}

/** A stream and the connection that it is on. */
export interface OpenedStream {
  readonly stream: Stream
  readonly path: Path
}

/** Opens a stream of `protocol`, over an open connection if there is one, direct before relayed; throws what libp2p throws. */
export async function openStream(
  node: Libp2pNode,
  peer: PeerAddresses,
  protocol: string,
  connectOptions: OpenStreamOptions,
): Promise<OpenedStream> {
  const { signal, maxOutboundStreams } = connectOptions
  const options = {
    signal,
    runOnLimitedConnection: true,
    ...(maxOutboundStreams === undefined ? {} : { maxOutboundStreams }),
  }
  const connection = await connectionTo(node, peer, connectOptions)
  try {
    return { stream: await connection.newStream(protocol, options), path: pathOf(connection) }
  } catch (error) {
    const isGone = connection.status !== 'open' || isStaleConnection(error)
    if (!isGone || signal.aborted) {
      throw error
    }
  }
  const another = await connectionTo(node, peer, connectOptions)
  return { stream: await another.newStream(protocol, options), path: pathOf(another) }
}

/** The open connection to take: a direct one before a relayed one, then the oldest. */
export function bestConnection(connections: readonly Connection[]): Connection | undefined {
  const open = connections.filter((connection) => connection.status === 'open')
  return open.find((connection) => pathOf(connection) === 'direct') ?? open[0]
}

/** Whether a connection goes through a relay. */
export function pathOf({ remoteAddr }: Pick<Connection, 'remoteAddr'>): Path {
  return isRelayedAddress(remoteAddr) ? 'relayed' : 'direct'
}

async function connectionTo(node: Libp2pNode, peer: PeerAddresses, options: ConnectOptions): Promise<Connection> {
  const open = bestConnection(node.getConnections(peerIdFromString(peer.peerId)))
  return open ?? (await connect(node, peer, options))
}
