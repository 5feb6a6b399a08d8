import type { PeerIdText } from '../../system/network.ts'
import { COLLECTIONS_MAX, FOLLOWS_MAX, FOLLOWS_MAX_PER_PEER } from './protocol.ts'

/** How many collections a custodian serves, over all streams. */
export class CollectionCounts {
  /** Peers that follow; at most FOLLOWS_MAX. */
  readonly #followsOf = new Map<PeerIdText, number>()
  #collections = 0
  #follows = 0

  /** Collections under way, those that stay included. */
  get collections(): number {
    return this.#collections
  }

  get follows(): number {
    return this.#follows
  }

  /** Takes a place; false when there is none. */
  enter(peerId: PeerIdText, follow: boolean): boolean {
    const ofPeer = this.#followsOf.get(peerId) ?? 0
    if (this.#collections >= COLLECTIONS_MAX) {
      return false
    }
    if (follow) {
      if (ofPeer >= FOLLOWS_MAX_PER_PEER || this.#follows >= FOLLOWS_MAX) {
        return false
      }
      this.#followsOf.set(peerId, ofPeer + 1)
      this.#follows++
    }
    this.#collections++
    return true
  }

  /** Gives a place back that `enter` gave. */
  leave(peerId: PeerIdText, follow: boolean): void {
    this.#collections--
    if (!follow) {
      return
    }
    this.#follows--
    const ofPeer = (this.#followsOf.get(peerId) ?? 1) - 1
    if (ofPeer === 0) {
      this.#followsOf.delete(peerId)
    } else {
      this.#followsOf.set(peerId, ofPeer)
    }
  }
}
