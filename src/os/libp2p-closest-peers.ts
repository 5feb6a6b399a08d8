import { createHash } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'
import { compare } from 'uint8arrays/compare'
import { xor } from 'uint8arrays/xor'
import type { PeerAddresses } from '../system/network.ts'
import { KAD_K } from '../util/kad-limits.ts'
import { withoutPeerId } from './libp2p-addresses.ts'
import { insideOf } from './libp2p-kad.ts'
import { MAX_ADDRESSES_PER_PEER } from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** What a lookup did: began with the closest peers of the routing table, asked a peer, or heard of others from one. */
export type LookupStep =
  | { readonly type: 'began'; readonly known: readonly string[] }
  | { readonly type: 'asked'; readonly peerId: string }
  | { readonly type: 'answered'; readonly peerId: string; readonly closer: readonly string[] }

/** The peers closest to `key` that answered a lookup or are connected, nearest first, with all addresses known of them. */
export async function closestPeers(
  node: Libp2pNode,
  key: Uint8Array,
  count: number,
  signal: AbortSignal,
  onStep?: (step: LookupStep) => void,
): Promise<readonly PeerAddresses[]> {
  const found = new Map<string, { id: PeerId; addresses: Set<string> }>()
  const target = kadId(key)
  if (onStep !== undefined) {
    const known = insideOf(node.services.dht).routingTable.closestPeers(target, { count: KAD_K })
    onStep({ type: 'began', known: known.map((id) => id.toString()) })
  }
  try {
    for await (const event of node.services.dht.getClosestPeers(key, { signal })) {
      if (event.name === 'FINAL_PEER' && !event.peer.id.equals(node.peerId)) {
        const addresses = event.peer.multiaddrs.map((address) => withoutPeerId(address).toString())
        found.set(event.peer.id.toString(), { id: event.peer.id, addresses: new Set(addresses) })
      } else if (event.name === 'SEND_QUERY') {
        onStep?.({ type: 'asked', peerId: event.to.toString() })
      } else if (event.name === 'PEER_RESPONSE') {
        const closer = event.closer.map(({ id }) => id.toString())
        onStep?.({ type: 'answered', peerId: event.from.toString(), closer })
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  signal.throwIfAborted()
  for (const id of connectedNear(node, target, count)) {
    found.set(id.toString(), found.get(id.toString()) ?? { id, addresses: new Set() })
  }
  const nearest = [...found.values()]
    .map((peer) => ({ ...peer, distance: xor(kadId(peer.id.toMultihash().bytes), target) }))
    .sort((left, right) => compare(left.distance, right.distance))
    .slice(0, count)
  return await Promise.all(nearest.map((peer) => withKnownAddresses(node, peer)))
}

/**
 * Known DHT servers to which a connection is open. A lookup gives nothing when all peers with which it began are dead,
 * as happens after a restart or when many nodes die at once.
 */
function connectedNear(node: Libp2pNode, target: Uint8Array, count: number): PeerId[] {
  const { routingTable } = insideOf(node.services.dht)
  return routingTable.closestPeers(target, { count }).filter((id) => node.getConnections(id).length > 0)
}

async function withKnownAddresses(
  node: Libp2pNode,
  { id, addresses }: { id: PeerId; addresses: Set<string> },
): Promise<PeerAddresses> {
  const known = await node.peerStore.get(id).catch(() => undefined)
  for (const { multiaddr } of known?.addresses ?? []) {
    addresses.add(withoutPeerId(multiaddr).toString())
  }
  return { peerId: id.toString(), addresses: [...addresses].slice(0, MAX_ADDRESSES_PER_PEER) }
}

/** The place of a key or peer in the DHT: SHA-256 of the key, or of the PeerId's multihash (libp2p kad-dht spec). */
function kadId(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
