import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import { ConnectionKeeper } from './libp2p-connection-keeper.ts'
import { insideOf, KAD_PROTOCOL } from './libp2p-kad.ts'
import { RoutingCare } from './libp2p-routing-care.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** What the upkeep of a running node needs. */
export interface UpkeepComponents {
  readonly clock: Clock
  readonly random: Random
  /** The user's bootstrap peers, without this node. */
  readonly bootstrap: readonly { readonly peerId: string; readonly address: Multiaddr }[]
  /** A connected peer did not answer. */
  readonly doubt: (peer: PeerId) => void
}

/** Keeps a running node in the network, and its routing table free of the dead. */
export class Upkeep {
  readonly #care: RoutingCare
  readonly #keeper: ConnectionKeeper

  constructor(node: Libp2pNode, { clock, random, bootstrap, doubt }: UpkeepComponents) {
    this.#care = new RoutingCare({
      clock,
      kad: insideOf(node.services.dht),
      peerStore: node.peerStore,
      isConnected: (peer) => node.getConnections(peer).length > 0,
      doubt,
      ping: (peer, signal) => node.services.ping.ping(peer, { signal }),
    })
    node.addEventListener('peer:identify', ({ detail }) => {
      void this.#care.notePeer(detail.peerId, detail.protocols)
    })
    this.#keeper = new ConnectionKeeper({
      clock,
      random,
      bootstrap,
      // Not `getPeers`: it makes every PeerId anew.
      connectedPeers: () => [...new Set(node.getConnections().map(({ remotePeer }) => remotePeer.toString()))],
      knownPeers: async () => {
        const peers = await node.peerStore.all({ filters: [(peer) => peer.protocols.includes(KAD_PROTOCOL)] })
        return peers.map((peer) => peer.id)
      },
      dial: (target, signal) => node.dial(target, { signal }),
    })
  }

  /** A connection is gone: looks at once whether another is needed. */
  wake(): void {
    this.#keeper.wake()
  }

  /** A peer of the LAN made itself known. */
  offer(peer: PeerInfo): void {
    this.#keeper.offer(peer)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#keeper.stop(), this.#care.stop()])
  }
}
