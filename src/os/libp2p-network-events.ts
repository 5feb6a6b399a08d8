import { peerIdFromString } from '@libp2p/peer-id'
import type { NetworkEvent, Path, PeerIdText, Reachability } from '../system/network.ts'
import { Listeners } from '../util/listeners.ts'
import { withoutPeerId } from './libp2p-addresses.ts'
import { bestConnection, pathOf } from './libp2p-open-stream.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** Turns what libp2p tells into the events of `Network`: each once, and only when something is other than before. */
export class NetworkEvents {
  readonly #listeners = new Listeners<NetworkEvent>()
  /** Of connected peers only. */
  readonly #paths = new Map<PeerIdText, Path>()
  #node: Libp2pNode | undefined
  #addresses = ''
  #reachability: Reachability = 'unknown'

  subscribe(listener: (event: NetworkEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Follows `node`; `onGone` is called when the last connection of a peer is gone. */
  follow(node: Libp2pNode, onGone: () => void): void {
    this.#node = node
    node.addEventListener('peer:connect', ({ detail }) => {
      this.#listeners.emit({ type: 'peer-connected', peerId: detail.toString() })
    })
    node.addEventListener('peer:disconnect', ({ detail }) => {
      this.#listeners.emit({ type: 'peer-disconnected', peerId: detail.toString() })
      onGone()
    })
    node.addEventListener('self:peer:update', () => this.noteAddresses())
    for (const event of ['connection:open', 'connection:close'] as const) {
      node.addEventListener(event, ({ detail }) => this.#notePath(detail.remotePeer.toString()))
    }
  }

  /** Tells if the addresses are others than at the last call. */
  noteAddresses(): void {
    const addresses = (this.#node?.getMultiaddrs() ?? []).map((address) => withoutPeerId(address).toString()).join(' ')
    if (addresses !== this.#addresses) {
      this.#addresses = addresses
      this.#listeners.emit({ type: 'addresses-changed' })
    }
  }

  /** Tells if this is another reachability than at the last call. */
  noteReachability(reachability: Reachability): void {
    if (reachability !== this.#reachability) {
      this.#reachability = reachability
      this.#listeners.emit({ type: 'reachability-changed' })
    }
  }

  /** The best way there is to a peer now. */
  path(peerId: PeerIdText): Path | undefined {
    const best = bestConnection(this.#node?.getConnections(peerIdFromString(peerId)) ?? [])
    return best === undefined ? undefined : pathOf(best)
  }

  /** Tells when a direct connection joins relayed ones, or leaves them behind. */
  #notePath(peerId: PeerIdText): void {
    const [before, path] = [this.#paths.get(peerId), this.path(peerId)]
    if (path === undefined) {
      this.#paths.delete(peerId)
      return
    }
    this.#paths.set(peerId, path)
    if (before !== undefined && before !== path) {
      this.#listeners.emit({ type: 'path-changed', peerId, path })
    }
  }
}
