import type { Clock } from '../../../system/clock.ts'
import { BoundedMap } from '../../../util/bounded-map.ts'

/** Size and refill of every bucket. */
export interface ByteRate {
  readonly burstBytes: number
  readonly bytesPerSecond: number
}

/**
 * Token buckets, one a key, that may be overdrawn: bytes that are here already are passed on, and whoever sent too many
 * waits until the bucket is out of the red.
 */
export class ByteRates {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #rate: ByteRate
  readonly #buckets: BoundedMap<string, { readonly bytes: number; readonly sinceMs: number }>

  constructor(clock: Pick<Clock, 'monotonicMs'>, rate: ByteRate & { readonly maxKeys: number }) {
    this.#clock = clock
    this.#rate = rate
    this.#buckets = new BoundedMap({ maxEntries: rate.maxKeys })
  }

  /** Takes `bytes` from the bucket of `key`; how many milliseconds its owner shall send nothing, 0 if none. */
  take(key: string, bytes: number): number {
    const { burstBytes, bytesPerSecond } = this.#rate
    const nowMs = this.#clock.monotonicMs()
    const { bytes: before, sinceMs } = this.#buckets.get(key) ?? { bytes: burstBytes, sinceMs: nowMs }
    const left = Math.min(burstBytes, before + ((nowMs - sinceMs) * bytesPerSecond) / 1000) - bytes
    this.#buckets.set(key, { bytes: left, sinceMs: nowMs })
    return left >= 0 ? 0 : Math.ceil((-left * 1000) / bytesPerSecond)
  }
}
