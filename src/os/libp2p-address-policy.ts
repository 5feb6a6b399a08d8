import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../system/clock.ts'
import { isPublicAddress, peerIdOf, withoutPeerId } from './libp2p-addresses.ts'
import { HEARSAY_RETRY_MS, MAX_REMEMBERED_ADDRESSES, MAX_TRUSTED_ADDRESSES } from './libp2p-limits.ts'

/**
 * Which addresses a node dials (security.md L9). Hearsay is every address that neither the user (bootstrap peers) nor
 * the LAN itself (mDNS) named: lookups, account records and hints included.
 *
 * - A public node, that is one with a public address of its own, dials no private or loopback address and no name by
 *   hearsay: they would be hosts of its own network. A node without a public address dials all: that is how LANs and
 *   test networks work.
 * - An address that failed is not dialled again by hearsay for a minute, unless `dial` asks for that very peer, so
 *   invented peers cannot make the network hammer a victim. An address where a peer once proved itself is exempt.
 */
export class AddressPolicy {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #ownAddresses: () => readonly Multiaddr[]
  readonly #trusted = new Set<string>()
  readonly #failedMs = new Map<string, number>()
  readonly #proven = new Set<string>()
  readonly #asked = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, ownAddresses: () => readonly Multiaddr[]) {
    this.#clock = clock
    this.#ownAddresses = ownAddresses
  }

  /** The user or the LAN named `address`. */
  trust(address: Multiaddr): void {
    remember(this.#trusted, keyOf(address), MAX_TRUSTED_ADDRESSES)
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

  /** True if this node may dial `address`. */
  allows(address: Multiaddr): boolean {
    const key = keyOf(address)
    if (this.#trusted.has(key)) {
      return true
    }
    if (!isPublicAddress(address) && this.#ownAddresses().some(isPublicAddress)) {
      return false
    }
    const failedMs = this.#failedMs.get(key)
    const recentlyFailed = failedMs !== undefined && this.#clock.monotonicMs() - failedMs < HEARSAY_RETRY_MS
    return !recentlyFailed || this.#proven.has(key) || this.#asked.has(peerIdOf(address) ?? '')
  }

  /** What became of a dial. */
  note(address: Multiaddr, succeeded: boolean): void {
    const key = keyOf(address)
    this.#failedMs.delete(key)
    if (succeeded) {
      remember(this.#proven, key, MAX_REMEMBERED_ADDRESSES)
      return
    }
    this.#failedMs.set(key, this.#clock.monotonicMs())
    const oldest = this.#failedMs.size > MAX_REMEMBERED_ADDRESSES ? this.#failedMs.keys().next().value : undefined
    if (oldest !== undefined) {
      this.#failedMs.delete(oldest)
    }
  }
}

function keyOf(address: Multiaddr): string {
  return withoutPeerId(address).toString()
}

function remember(set: Set<string>, key: string, limit: number): void {
  set.delete(key)
  set.add(key)
  const oldest = set.size > limit ? set.values().next().value : undefined
  if (oldest !== undefined) {
    set.delete(oldest)
  }
}
