import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerAddresses } from '../system/network.ts'
import { parseAddress, withoutPeerId } from './libp2p-addresses.ts'
import { isStaleConnection } from './libp2p-dial-error.ts'
import { MAX_DIAL_HINTS } from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-node.ts'

/** Options of `openStream`. */
export interface OpenStreamOptions {
  readonly signal: AbortSignal
  /** @default libp2p's */
  readonly maxOutboundStreams: number | undefined
}

/** Opens a stream of `protocol`, over an open connection if there is one; throws what libp2p throws. */
export async function openStream(
  node: Libp2pNode,
  peer: PeerAddresses,
  protocol: string,
  { signal, maxOutboundStreams }: OpenStreamOptions,
): Promise<Stream> {
  const options = {
    signal,
    runOnLimitedConnection: true,
    ...(maxOutboundStreams === undefined ? {} : { maxOutboundStreams }),
  }
  const connection = await connect(node, peer, signal)
  try {
    return await connection.newStream(protocol, options)
  } catch (error) {
    if (!isStaleConnection(error) || signal.aborted) {
      throw error
    }
  }
  return await (await connect(node, peer, signal)).newStream(protocol, options)
}

async function connect(node: Libp2pNode, peer: PeerAddresses, signal: AbortSignal): Promise<Connection> {
  const peerId = peerIdFromString(peer.peerId)
  const open = node.getConnections(peerId).find((connection) => connection.status === 'open')
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
