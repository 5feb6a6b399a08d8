import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import { BoundedMap } from '../../../util/bounded-map.ts'
import { RateLimiter } from '../../../util/rate-limiter.ts'
import { hostKey } from '../../libp2p-addresses.ts'
import {
  BUDGET_WINDOW_MS,
  MAX_CONVERSATIONS_PER_PEER,
  MAX_DIALS_PER_HOST,
  MAX_DIALS_PER_MINUTE,
  MAX_REMEMBERED_PEERS,
  RETRY_WAITS_MS,
} from './punch-limits.ts'

/** What strangers may make this node dial: a CONNECT may name a victim (security.md L9). */
export class PunchBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #dialledMs = new BoundedMap<string, number>({ maxEntries: 2 * MAX_DIALS_PER_MINUTE })
  readonly #hosts: RateLimiter
  readonly #total: RateLimiter
  readonly #conversations: RateLimiter
  readonly #failures = new BoundedMap<string, { count: number; untilMs: number }>({ maxEntries: MAX_REMEMBERED_PEERS })

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
    this.#hosts = this.#limiter(MAX_DIALS_PER_HOST, 2 * MAX_DIALS_PER_MINUTE)
    this.#total = this.#limiter(MAX_DIALS_PER_MINUTE, 1)
    this.#conversations = this.#limiter(MAX_CONVERSATIONS_PER_PEER, MAX_REMEMBERED_PEERS)
  }

  /** True if `address` may be dialled now: once a minute, and not too many of its host or in all. */
  allows(address: Multiaddr): boolean {
    const lastMs = this.#dialledMs.get(address.toString())
    return lastMs === undefined || this.#clock.monotonicMs() - lastMs >= BUDGET_WINDOW_MS
  }

  /** Takes the leave for one dial; false if there is none. */
  takeDial(address: Multiaddr): boolean {
    const granted = this.allows(address) && this.#hosts.take(hostKey(address) ?? '') && this.#total.take('')
    if (granted) {
      this.#dialledMs.set(address.toString(), this.#clock.monotonicMs())
    }
    return granted
  }

  /** The dial sent nothing, or the address proved to be the peer's. */
  returnDial(address: Multiaddr): void {
    this.#dialledMs.delete(address.toString())
  }

  /** True if `peerId` may open another conversation towards us. */
  takeConversation(peerId: string): boolean {
    return this.#conversations.take(peerId)
  }

  /** How long not to try with `peerId`, 0 if that may be now. */
  waitMs(peerId: string): number {
    return Math.max(0, (this.#failures.get(peerId)?.untilMs ?? 0) - this.#clock.monotonicMs())
  }

  /** True if the last try with `peerId` failed. */
  hasFailed(peerId: string): boolean {
    return this.#failures.has(peerId)
  }

  /** A try with `peerId` has ended. */
  note(peerId: string, succeeded: boolean): void {
    if (succeeded) {
      this.#failures.delete(peerId)
      return
    }
    const count = (this.#failures.get(peerId)?.count ?? 0) + 1
    const waitMs = RETRY_WAITS_MS[Math.min(count, RETRY_WAITS_MS.length) - 1] ?? 0
    this.#failures.set(peerId, { count, untilMs: this.#clock.monotonicMs() + waitMs })
  }

  #limiter(capacity: number, maxKeys: number): RateLimiter {
    return new RateLimiter(this.#clock, { capacity, refillPerSecond: capacity / (BUDGET_WINDOW_MS / 1_000), maxKeys })
  }
}
