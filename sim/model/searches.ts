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
const PLAYED_ONE_IN = 1_024
/** Until one of the first has ended the others wait. */
const FIRST_WAIT_MS = 1_000

/** A node looks itself up for the first time so long after its start (kad-dht's QUERY_SELF_INITIAL_INTERVAL). */
const FIRST_LOOKUP_MS = 1_000
/** Bootstrap peers that a node dials at once, and round trips until one is in its routing table: dial, identify, ping. */
const FIRST_PEERS = 3
const FIRST_PEER_ROUND_TRIPS = 6
/** When none of them is there. */
const FIRST_PEER_UNKNOWN_MS = 2_000

/** The start of a node, as long as it matters. */
interface Joining {
  readonly sinceMs: number
  readonly firstPeerMs: number
  readonly waiting: (() => void)[]
  isAsking: boolean
}

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
  /** Start of the session in which a node has joined, by node. */
  readonly #joinedMs: Float64Array
  readonly #starts = new Map<number, Joining>()
  #messagesSum = 0
  #started = 0
  #played = 0

  constructor(parts: { world: World; lookups: Lookups; paths: Paths; kernel: Kernel; stream: Stream }) {
    this.#world = parts.world
    this.#lookups = parts.lookups
    this.#paths = parts.paths
    this.#kernel = parts.kernel
    this.#stream = parts.stream
    this.#joinedMs = new Float64Array(parts.world.size).fill(-1)
  }

  /** Messages of a lookup in the mean. */
  get messagesMean(): number {
    return this.#played === 0 ? KAD_K : this.#messagesSum / Math.min(this.#played, SAMPLES)
  }

  /** Always played. */
  play(node: number, place: Place, done: (result: LookupResult) => void): void {
    this.#started++
    this.#lookups.start(node, place, this.#kernel.nowMs, (result) => {
      const sample = this.#played++ % SAMPLES
      this.#tookMs[sample] = result.tookMs
      this.#messagesSum += result.messages - (this.#messages[sample] as number)
      this.#messages[sample] = result.messages
      done(result)
    })
  }

  /** The k closest, nearest first, none if nobody answers. `done` may be called at once. */
  find(node: number, place: Place, done: (nodes: readonly number[]) => void): void {
    const joining = this.#joining(node)
    if (joining === undefined) {
      this.#find(node, place, done)
    } else if (this.#kernel.nowMs < joining.firstPeerMs) {
      // The routing table is empty still.
      done([])
    } else {
      this.#join(node, joining, () => this.#find(node, place, done))
    }
  }

  #find(node: number, place: Place, done: (nodes: readonly number[]) => void): void {
    if (this.#isPlayed() || this.#stream.uniform(PLAYED_ONE_IN) === 0) {
      this.play(node, place, ({ nodes }) => done(nodes))
      return
    }
    if (this.#played === 0) {
      this.#kernel.schedule(FIRST_WAIT_MS, () => this.#find(node, place, done))
      return
    }
    const sample = this.#stream.uniform(Math.min(this.#played, SAMPLES))
    this.#kernel.schedule(this.#tookMs[sample] as number, () => {
      const nodes = this.closest(node, place)
      this.#charge(node, nodes, this.#messages[sample] as number)
      done(nodes)
    })
  }

  /** What is under way of a node's start; undefined: its first lookup of itself has ended. */
  #joining(node: number): Joining | undefined {
    const sinceMs = this.#world.upSinceMs[node] as number
    if (this.#joinedMs[node] === sinceMs) {
      return undefined
    }
    const known = this.#starts.get(node)
    if (known?.sinceMs === sinceMs) {
      return known
    }
    const joining = { sinceMs, firstPeerMs: sinceMs + this.#firstPeerMs(node), waiting: [], isAsking: false }
    this.#starts.set(node, joining)
    return joining
  }

  /** The quickest of some peers that were known before, or named to begin with. */
  #firstPeerMs(node: number): number {
    let leastMs = FIRST_PEER_UNKNOWN_MS
    for (let tried = 0; tried < FIRST_PEERS; tried++) {
      const other = this.#stream.uniform(this.#world.regular)
      const isThere = other !== node && this.#world.up[other] === 1 && this.#world.hidden[other] === 0
      leastMs = isThere ? Math.min(leastMs, 2 * FIRST_PEER_ROUND_TRIPS * this.#paths.oneWayMs(node, other, 0)) : leastMs
    }
    return leastMs
  }

  /** All lookups wait until the node has looked itself up (kad-dht's query manager). */
  #join(node: number, joining: Joining, then: () => void): void {
    joining.waiting.push(then)
    if (joining.isAsking) {
      return
    }
    joining.isAsking = true
    const { ids, up, upSinceMs } = this.#world
    const isCurrent = (): boolean => up[node] === 1 && upSinceMs[node] === joining.sinceMs
    const end = (): void => {
      if (isCurrent()) {
        this.#joinedMs[node] = joining.sinceMs
        this.#starts.delete(node)
      }
      for (const go of joining.waiting) {
        go()
      }
    }
    this.#kernel.schedule(joining.sinceMs + FIRST_LOOKUP_MS - this.#kernel.nowMs, () => {
      if (isCurrent()) {
        this.#find(node, { high: ids.high[node] as number, low: ids.low[node] as number }, end)
      } else {
        end()
      }
    })
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
