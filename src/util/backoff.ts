import type { Random } from '../system/random.ts'
import { assert } from './assert.ts'

/** Bounds of a backoff, in milliseconds. */
export interface BackoffOptions {
  readonly minMs: number
  readonly maxMs: number
  /** @default 2 */
  readonly factor?: number
}

/**
 * Waiting times between attempts: each `factor` times the one before, from `minMs` to `maxMs`, and of each the upper half
 * drawn at random, so that nodes which failed together do not come back together.
 */
export class Backoff {
  readonly #random: Pick<Random, 'uniform'>
  readonly #minMs: number
  readonly #maxMs: number
  readonly #factor: number
  #ceilingMs: number

  constructor(random: Pick<Random, 'uniform'>, options: BackoffOptions) {
    const factor = options.factor ?? 2
    assert(options.minMs >= 1 && options.maxMs >= options.minMs && factor >= 1, 'a backoff grows from minMs to maxMs')
    this.#random = random
    this.#minMs = options.minMs
    this.#maxMs = options.maxMs
    this.#factor = factor
    this.#ceilingMs = options.minMs
  }

  /** The next waiting time: a whole number of milliseconds, at most `maxMs`, at least half of `minMs`. */
  next(): number {
    const ceilingMs = this.#ceilingMs
    this.#ceilingMs = Math.min(this.#maxMs, ceilingMs * this.#factor)
    const halfMs = Math.ceil(ceilingMs / 2)
    return halfMs + this.#random.uniform(Math.floor(ceilingMs - halfMs) + 1)
  }

  /** Starts again from `minMs`; to be called when an attempt succeeded. */
  reset(): void {
    this.#ceilingMs = this.#minMs
  }
}
