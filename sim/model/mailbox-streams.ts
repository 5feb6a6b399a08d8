import { CLIENT_IDLE_MS } from '../../src/protocol/mailbox/protocol.ts'
import type { Kernel } from './kernel.ts'
import type { Paths, Reach } from './paths.ts'
import { mix } from './stream.ts'
import type { World } from './world.ts'

/** Streams remembered, a power of two; of two that fall on the same place the older one is forgotten, and opened anew. */
const SLOTS = 262_144

/** The streams on which nodes ask custodians: opened with the first request, open while they are used (client-routes.ts). */
export class MailboxStreams {
  readonly #world: World
  readonly #paths: Paths
  readonly #kernel: Kernel
  /** Both ends of the stream in a slot, and when it was last used. */
  readonly #from = new Int32Array(SLOTS).fill(-1)
  readonly #to = new Int32Array(SLOTS)
  readonly #usedMs = new Float64Array(SLOTS)

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
    const slot = mix(from, to) & (SLOTS - 1)
    const opening = this.#isOpen(slot, from, to) ? 0 : 1
    const tookMs = this.#paths.requestMs(from, to, reach, { bytes, roundTrips: roundTrips + opening })
    this.#from[slot] = from
    this.#to[slot] = to
    this.#usedMs[slot] = this.#kernel.nowMs + tookMs
    return tookMs
  }

  #isOpen(slot: number, from: number, to: number): boolean {
    const { upSinceMs } = this.#world
    const usedMs = this.#usedMs[slot] as number
    const sinceMs = Math.max(upSinceMs[from] as number, upSinceMs[to] as number)
    const isKnown = this.#from[slot] === from && this.#to[slot] === to
    return isKnown && usedMs >= sinceMs && this.#kernel.nowMs - usedMs < CLIENT_IDLE_MS
  }
}
