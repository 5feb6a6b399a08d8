import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../system/clock.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { isAbsurdAddress, isPublicAddress, peerIdOf, relayOf, withoutPeerId } from './libp2p-addresses.ts'
import { HEARSAY_RETRY_MS, MAX_REMEMBERED_ADDRESSES, MAX_TRUSTED_ADDRESSES } from './libp2p-limits.ts'

/**
 * Which addresses a node dials (security.md L9). Hearsay is every address that neither the user (bootstrap peers) nor
 * the LAN itself (mDNS) named: lookups, account records, hints and those who ask to be dialled back included.
 *
 * - Nobody listens on an unspecified or multicast host, or on port 0: never dialled.
 * - A public node, that is one with a public address of its own, dials no private or loopback address and no name by
 *   hearsay: they would be hosts of its own network. A node without a public address dials all: that is how LANs and
 *   test networks work.
 * - An address is dialled once a minute by hearsay, whoever is said to be there, so invented peers cannot make the network
 *   hammer a victim. Exempt are a peer at the address where it once proved itself, and the peer that was last tried
 *   there while `dial` asks for that very peer.
 * - A relayed address is as good as that of its relay; without one the relay's own addresses decide, when they are dialled.
 */
export class AddressPolicy {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #ownAddresses: () => readonly Multiaddr[]
  readonly #trusted = new BoundedMap<string, true>({ maxEntries: MAX_TRUSTED_ADDRESSES })
  /** Address → when it was last dialled, and for whom. */
  readonly #tried = new BoundedMap<string, { readonly atMs: number; readonly peerId: string | undefined }>({
    maxEntries: MAX_REMEMBERED_ADDRESSES,
  })
  /** Addresses with the peer that proved itself there. */
  readonly #proven = new BoundedMap<string, true>({ maxEntries: MAX_REMEMBERED_ADDRESSES })
  readonly #asked = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, ownAddresses: () => readonly Multiaddr[]) {
    this.#clock = clock
    this.#ownAddresses = ownAddresses
  }

  /** The user or the LAN named `address`. */
  trust(address: Multiaddr): void {
    this.#trusted.set(keyOf(address), true)
  }

  /** Marks that `peerId` is dialled on demand, until the returned function is called. */
  ask(peerId: string): () => void {
    this.#asked.set(peerId, (this.#asked.get(peerId) ?? 0) + 1)
    return () => {
      const left = (this.#asked.get(peerId) ?? 1) - 1
      if (left === 0) {
        this.#asked.delete(peerId)
      } else {
        this.#asked.set(peerId, left)
      }
    }
  }

  /** True if this node may dial `address` now. */
  allows(address: Multiaddr): boolean {
    if (this.#trusted.has(keyOf(address))) {
      return true
    }
    return this.#isFit(relayOf(address) ?? address) && !this.#wasTriedForOthers(address)
  }

  /** To be called right before a dial; false if it must not be. */
  begin(address: Multiaddr): boolean {
    if (!this.allows(address)) {
      return false
    }
    this.#tried.set(keyOf(address), { atMs: this.#clock.monotonicMs(), peerId: peerIdOf(address) })
    return true
  }

  /** The dial of `address` met the peer that it names. */
  succeeded(address: Multiaddr): void {
    this.#proven.set(address.toString(), true)
  }

  #isFit(address: Multiaddr): boolean {
    if (isAbsurdAddress(address)) {
      return false
    }
    const viaKnownRelay = address.getComponents()[0]?.name === 'p2p'
    return viaKnownRelay || isPublicAddress(address) || !this.#ownAddresses().some(isPublicAddress)
  }

  #wasTriedForOthers(address: Multiaddr): boolean {
    const tried = this.#tried.get(keyOf(address))
    if (tried === undefined || this.#clock.monotonicMs() - tried.atMs >= HEARSAY_RETRY_MS) {
      return false
    }
    const peerId = peerIdOf(address)
    const isAskedAgain = peerId !== undefined && peerId === tried.peerId && this.#asked.has(peerId)
    return !isAskedAgain && !this.#proven.has(address.toString())
  }
}

/** Of a relayed address with the peer behind the relay, for each is another matter. */
function keyOf(address: Multiaddr): string {
  return (relayOf(address) === undefined ? withoutPeerId(address) : address).toString()
}
