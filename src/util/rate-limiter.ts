import type { Clock } from '../system/clock.ts'
import { assert } from './assert.ts'
import { BoundedMap } from './bounded-map.ts'

/** Size and refill of every bucket, and how many buckets are kept. */
export interface RateLimiterOptions {
  /** Tokens in a full bucket: the longest burst. */
  readonly capacity: number
  readonly refillPerSecond: number
  /** Buckets kept; the one unused longest, hence the fullest by then, is forgotten. */
  readonly maxKeys: number
}

interface Bucket {
  readonly tokens: number
  readonly sinceMs: number
}

/** Token buckets, one a key, over the injected clock. A key never seen has a full bucket. */
export class RateLimiter {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #capacity: number
  readonly #refillPerMs: number
  readonly #buckets: BoundedMap<string, Bucket>

  constructor(clock: Pick<Clock, 'monotonicMs'>, options: RateLimiterOptions) {
    assert(options.capacity >= 1 && options.refillPerSecond > 0, 'a bucket holds a token and refills')
    this.#clock = clock
    this.#capacity = options.capacity
    this.#refillPerMs = options.refillPerSecond / 1000
    this.#buckets = new BoundedMap({ maxEntries: options.maxKeys })
  }

  /** Buckets kept now. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes `tokens` from the bucket of `key`, or nothing and answers false. */
  take(key: string, tokens: number = 1): boolean {
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#buckets.get(key)
    const refilled =
      bucket === undefined ? this.#capacity : bucket.tokens + (nowMs - bucket.sinceMs) * this.#refillPerMs
    const available = Math.min(this.#capacity, refilled)
    const granted = available >= tokens
    this.#buckets.set(key, { tokens: granted ? available - tokens : available, sinceMs: nowMs })
    return granted
  }
}
