import { CLIENT_IDLE_MS } from '../../src/protocol/mailbox/protocol.ts'
import type { Kernel } from './kernel.ts'
import type { Paths, Reach } from './paths.ts'
import type { World } from './world.ts'

/** Streams remembered; above, and again when they have doubled, those that are closed by now are forgotten. */
const SWEPT_MIN_STREAMS = 65_536

/** The streams on which nodes ask custodians: opened with the first request, open while they are used (client-routes.ts). */
export class MailboxStreams {
  readonly #world: World
  readonly #paths: Paths
  readonly #kernel: Kernel
  /** When the stream from one node to another was last used. */
  readonly #usedMs = new Map<number, number>()
  #sweepAt = SWEPT_MIN_STREAMS

  constructor(world: World, paths: Paths, kernel: Kernel) {
    this.#world = world
    this.#paths = paths
    this.#kernel = kernel
  }

  /** How long a request takes that needs so many round trips on the stream. */
  requestMs(
    from: number,
    to: number,
    reach: Exclude<Reach, 'none'>,
    { bytes, roundTrips }: { readonly bytes: number; readonly roundTrips: number },
  ): number {
    const isOpen = this.#isOpen(from, to)
    const tookMs = this.#paths.requestMs(from, to, reach, { bytes, roundTrips: roundTrips + (isOpen ? 0 : 1) })
    this.#usedMs.set(this.#key(from, to), this.#kernel.nowMs + tookMs)
    if (this.#usedMs.size > this.#sweepAt) {
      this.#sweep()
    }
    return tookMs
  }

  #isOpen(from: number, to: number): boolean {
    const { upSinceMs } = this.#world
    const usedMs = this.#usedMs.get(this.#key(from, to)) ?? Number.NEGATIVE_INFINITY
    const sinceMs = Math.max(upSinceMs[from] as number, upSinceMs[to] as number)
    return usedMs >= sinceMs && this.#kernel.nowMs - usedMs < CLIENT_IDLE_MS
  }

  #sweep(): void {
    const { nowMs } = this.#kernel
    for (const [key, usedMs] of this.#usedMs) {
      if (nowMs - usedMs >= CLIENT_IDLE_MS) {
        this.#usedMs.delete(key)
      }
    }
    this.#sweepAt = Math.max(SWEPT_MIN_STREAMS, 2 * this.#usedMs.size)
  }

  #key(from: number, to: number): number {
    return from * this.#world.size + to
  }
}
