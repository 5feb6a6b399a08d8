import type { Connection, Peer, PeerId } from '@libp2p/interface'
import type { Random } from '../../../system/random.ts'
import { abortable } from '../../../util/abortable.ts'
import { networksOf } from '../../../util/ip-network.ts'
import { isRelayedAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import type { Libp2pNode } from '../../libp2p-types.ts'
import { HOP_PROTOCOL } from './circuit-messages.ts'
import { isMember } from './membership.ts'
import type { RelayCandidate } from './relay-keeper-state.ts'
import { RELAY_CANDIDATES_MAX } from './relay-limits.ts'

const RANDOM_KEY_BYTES = 32

/** Direct connections with a peer that are open. */
export function directConnections(node: Pick<Libp2pNode, 'getConnections'>, peer: PeerId): readonly Connection[] {
  const all = node.getConnections(peer)
  return all.filter(({ status, remoteAddr }) => status === 'open' && !isRelayedAddress(remoteAddr))
}

/**
 * A direct connection with `peer`, a new one if there is none. A relay that has just come back may be connected through
 * another relay, since it dialled this node's circuit address: that one is of no use here, and libp2p would take it.
 */
export async function connectDirectly(node: Libp2pNode, peer: PeerId, signal: AbortSignal): Promise<Connection> {
  const open = directConnections(node, peer)[0]
  if (open !== undefined) {
    return open
  }
  const known = await node.peerStore.get(peer).catch(() => undefined)
  const direct = (known?.addresses ?? [])
    .map(({ multiaddr }) => withoutPeerId(multiaddr))
    .filter((address) => !isRelayedAddress(address))
    .map((address) => address.encapsulate(`/p2p/${peer.toString()}`))
  // Without addresses libp2p looks the peer up in the DHT.
  const connection = await node.dial(direct.length === 0 ? peer : direct, { signal, force: true })
  if (isRelayedAddress(connection.remoteAddr)) {
    throw new Error('the relay is behind a relay')
  }
  return connection
}

/** The peer as a relay; undefined if it is none of this network. */
export async function relayCandidate(node: Libp2pNode, peer: PeerId): Promise<RelayCandidate | undefined> {
  const known = await node.peerStore.get(peer).catch(() => undefined)
  return known !== undefined && isMember(known.protocols) ? candidateOf(node, known) : undefined
}

/** Relays among the peers that this node knows, connected ones first. */
export async function knownRelays(node: Libp2pNode): Promise<readonly RelayCandidate[]> {
  const serves = ({ id, protocols }: Peer): boolean =>
    protocols.includes(HOP_PROTOCOL) && isMember(protocols) && !node.peerId.equals(id)
  const peers = await node.peerStore.all({ filters: [serves] })
  const candidates = peers.map((peer) => candidateOf(node, peer))
  candidates.sort((one, other) => Number(other.connected) - Number(one.connected))
  return candidates.slice(0, RELAY_CANDIDATES_MAX)
}

/** Looks up a random key in the DHT: whoever answers is connected then, and has said what it speaks. */
export async function meetStrangers(
  node: Libp2pNode,
  random: Pick<Random, 'bytes'>,
  signal: AbortSignal,
): Promise<void> {
  const lookup = async (): Promise<void> => {
    for await (const _ of node.services.dht.getClosestPeers(random.bytes(RANDOM_KEY_BYTES), { signal })) {
      signal.throwIfAborted()
    }
  }
  // kad-dht takes its time to end.
  await abortable(lookup(), signal)
}

function candidateOf(node: Libp2pNode, peer: Peer): RelayCandidate {
  const connections = directConnections(node, peer.id).map(({ remoteAddr }) => remoteAddr.toString())
  const known = peer.addresses.map(({ multiaddr }) => multiaddr).filter((address) => !isRelayedAddress(address))
  const addresses = connections.length > 0 ? connections : known.map(String)
  return { peerId: peer.id.toString(), networks: networksOf(addresses), connected: connections.length > 0 }
}
