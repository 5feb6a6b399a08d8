import { KAD_K } from '../../src/util/kad-limits.ts'
import type { Place } from './id-space.ts'
import type { Kernel } from './kernel.ts'
import type { LookupResult, Lookups } from './lookups.ts'
import type { Paths } from './paths.ts'
import type { Stream } from './stream.ts'
import { LOOKUP_ANSWER_BYTES, LOOKUP_REQUEST_BYTES } from './traffic.ts'
import type { World } from './world.ts'

/** In networks up to this size every lookup is played. */
const PLAYED_NODES_MAX = 2_000
/** Lookups whose cost is remembered. */
const SAMPLES = 256
/** Played before costs are drawn from them, and one in so many afterwards. */
const PLAYED_FIRST = 64
const PLAYED_ONE_IN = 256
/** Until one of the first has ended the others wait. */
const FIRST_WAIT_MS = 1_000

/**
 * Lookups of custodians. In a large network most are not played message by message: they find who is closest now, and take
 * as long and as many messages as one of those that were played.
 */
export class Searches {
  readonly #world: World
  readonly #lookups: Lookups
  readonly #paths: Paths
  readonly #kernel: Kernel
  readonly #stream: Stream
  readonly #tookMs = new Float64Array(SAMPLES)
  readonly #messages = new Float64Array(SAMPLES)
  #started = 0
  #played = 0

  constructor(parts: { world: World; lookups: Lookups; paths: Paths; kernel: Kernel; stream: Stream }) {
    this.#world = parts.world
    this.#lookups = parts.lookups
    this.#paths = parts.paths
    this.#kernel = parts.kernel
    this.#stream = parts.stream
  }

  /** Messages of a lookup in the mean. */
  get messagesMean(): number {
    const known = Math.min(this.#played, SAMPLES)
    return known === 0 ? KAD_K : this.#messages.subarray(0, known).reduce((sum, one) => sum + one, 0) / known
  }

  /** Always played. */
  play(node: number, place: Place, done: (result: LookupResult) => void): void {
    this.#started++
    this.#lookups.start(node, place, this.#kernel.nowMs, (result) => {
      const sample = this.#played++ % SAMPLES
      this.#tookMs[sample] = result.tookMs
      this.#messages[sample] = result.messages
      done(result)
    })
  }

  /** The k closest, nearest first, none if nobody answers. `done` may be called at once. */
  find(node: number, place: Place, done: (nodes: readonly number[]) => void): void {
    if (this.#isPlayed() || this.#stream.uniform(PLAYED_ONE_IN) === 0) {
      this.play(node, place, ({ nodes }) => done(nodes))
      return
    }
    if (this.#played === 0) {
      this.#kernel.schedule(FIRST_WAIT_MS, () => this.find(node, place, done))
      return
    }
    const sample = this.#stream.uniform(Math.min(this.#played, SAMPLES))
    this.#kernel.schedule(this.#tookMs[sample] as number, () => {
      const nodes = this.closest(node, place)
      this.#charge(node, nodes, this.#messages[sample] as number)
      done(nodes)
    })
  }

  /** A lookup whose result nobody needs, for what it costs. */
  spend(node: number, place: Place, done: () => void): void {
    if (this.#isPlayed()) {
      this.play(node, place, () => done())
      return
    }
    if (this.#played === 0) {
      this.#kernel.schedule(FIRST_WAIT_MS, () => this.spend(node, place, done))
      return
    }
    const sample = this.#stream.uniform(Math.min(this.#played, SAMPLES))
    const messages = this.#messages[sample] as number
    this.#world.charge(node, node, messages * LOOKUP_REQUEST_BYTES)
    this.#kernel.schedule(this.#tookMs[sample] as number, done)
  }

  /** Who is closest to a place now, of those that `node` can reach. */
  closest(node: number, place: Place, count: number = KAD_K): number[] {
    const { ids, up, server } = this.#world
    return ids.closest(place, count, (other) => {
      return up[other] === 1 && server[other] === 1 && other !== node && this.#paths.reaches(node, other)
    })
  }

  #isPlayed(): boolean {
    return this.#world.size <= PLAYED_NODES_MAX || this.#started < PLAYED_FIRST
  }

  #charge(node: number, nodes: readonly number[], messages: number): void {
    const share = messages / Math.max(1, nodes.length)
    for (const other of nodes) {
      this.#world.charge(node, other, share * LOOKUP_REQUEST_BYTES)
      this.#world.charge(other, node, share * LOOKUP_ANSWER_BYTES)
    }
  }
}
