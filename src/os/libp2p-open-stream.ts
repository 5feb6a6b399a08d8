import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Path, PeerAddresses } from '../system/network.ts'
import { isRelayedAddress, parseAddress, withoutPeerId } from './libp2p-addresses.ts'
import { isStaleConnection } from './libp2p-dial-error.ts'
import { MAX_DIAL_HINTS } from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** Options of `openStream`. */
export interface OpenStreamOptions {
  readonly signal: AbortSignal
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
  { signal, maxOutboundStreams }: OpenStreamOptions,
): Promise<OpenedStream> {
  const options = {
    signal,
    runOnLimitedConnection: true,
    ...(maxOutboundStreams === undefined ? {} : { maxOutboundStreams }),
  }
  const connection = await connect(node, peer, signal)
  try {
    return { stream: await connection.newStream(protocol, options), path: pathOf(connection) }
  } catch (error) {
    if (!isStaleConnection(error) || signal.aborted) {
      throw error
    }
  }
  const another = await connect(node, peer, signal)
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

async function connect(node: Libp2pNode, peer: PeerAddresses, signal: AbortSignal): Promise<Connection> {
  const peerId = peerIdFromString(peer.peerId)
  const open = bestConnection(node.getConnections(peerId))
  if (open !== undefined) {
    return open
  }
  const addresses = await addressesOf(node, peer, peerId)
  // Without addresses libp2p looks the peer up in the DHT.
  return await node.dial(addresses.length === 0 ? peerId : addresses, { signal })
}

/** Hints and known addresses together: given addresses, libp2p would dial these alone. */
async function addressesOf(node: Libp2pNode, peer: PeerAddresses, peerId: PeerId): Promise<Multiaddr[]> {
  const hints = peer.addresses.slice(0, MAX_DIAL_HINTS).flatMap((text) => parseAddress(text) ?? [])
  const known = await node.peerStore.get(peerId).catch(() => undefined)
  const all = [...hints, ...(known?.addresses.map(({ multiaddr }) => multiaddr) ?? [])].map(withoutPeerId)
  const unique = new Map(all.map((address) => [address.toString(), address]))
  return [...unique.values()].map((address) => address.encapsulate(`/p2p/${peer.peerId}`))
}
