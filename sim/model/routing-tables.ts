import { KAD_K, ROUTING_CARE_INTERVAL_MS } from '../../src/util/kad-limits.ts'
import { commonPrefix } from './id-space.ts'
import { mix, type Stream } from './stream.ts'
import type { World } from './world.ts'

/** Draws for one place of a bucket before it is left empty until the next care: most of the range is down. */
const DRAWS_MAX = 24
/** Ranges this small are looked at whole, so that a bucket has all there are. */
const WHOLE_RANGE_NODES: number = 4 * KAD_K
const EMPTY = -1

/**
 * The routing tables of all nodes, each made when it is first touched and as the upkeep would have left it (kad-dht's own
 * lookups, and `RoutingCare`, which once a minute removes who does not answer). Bucket i has k of those that share i bits
 * with the node; the last one everybody nearer, once they are no more than k. A node behind a NAT is in the tables of those
 * to whom it has opened a connection.
 */
export class RoutingTables {
  readonly #world: World
  readonly #stream: Stream
  readonly #tables: (Int32Array | undefined)[]
  /** When the table was last brought up to date. */
  readonly #caredMs: Float64Array

  constructor(world: World, stream: Stream) {
    this.#world = world
    this.#stream = stream
    this.#tables = new Array<Int32Array | undefined>(world.size)
    this.#caredMs = new Float64Array(world.size)
  }

  /** Buckets of k places, -1 where empty. */
  of(node: number, nowMs: number): Int32Array {
    const table = this.#tables[node]
    const careMs = lastCareMs(node, nowMs)
    if (table !== undefined && (this.#caredMs[node] as number) >= careMs) {
      return table
    }
    const current = table ?? new Int32Array(this.#buckets(node) * KAD_K).fill(EMPTY)
    this.#caredMs[node] = nowMs
    this.#tables[node] = current
    this.#care(node, current, careMs)
    return current
  }

  /** A node that starts has what it knew before, gone stale or not; without its disk it begins anew. */
  forget(node: number): void {
    this.#tables[node] = undefined
  }

  /**
   * Whether `node` keeps a connection to `other`, because it is in its table; where no lookup has needed the table yet it is
   * not made for this, and the chance decides that it has.
   */
  has(node: number, other: number): boolean {
    const table = this.#tables[node]
    if (table === undefined || this.#world.hidden[node] === 1) {
      return this.#opened(node, other)
    }
    const start = this.#bucketOf(node, other, table) * KAD_K
    for (let at = start; at < start + KAD_K; at++) {
      if (table[at] === other) {
        return true
      }
    }
    return false
  }

  /** An entry did not answer. */
  remove(node: number, other: number): void {
    const table = this.#tables[node]
    if (table === undefined) {
      return
    }
    const start = this.#bucketOf(node, other, table) * KAD_K
    for (let at = start; at < start + KAD_K; at++) {
      if (table[at] === other) {
        table[at] = EMPTY
      }
    }
  }

  /** The bucket of `table`, the one of `node`, in which a place with so many common bits belongs. */
  static bucketOf(prefix: number, table: Int32Array): number {
    return Math.min(prefix, table.length / KAD_K - 1)
  }

  #bucketOf(node: number, other: number, table: Int32Array): number {
    const { high, low } = this.#world.ids
    const prefix = commonPrefix(high[node] as number, low[node] as number, high[other] as number, low[other] as number)
    return RoutingTables.bucketOf(prefix, table)
  }

  #buckets(node: number): number {
    let buckets = 1
    this.#eachRange(node, () => {
      buckets++
    })
    return buckets
  }

  /** Calls with the range of every bucket but the last, and gives the range of that. */
  #eachRange(
    node: number,
    use: (bucket: number, start: number, end: number) => void,
  ): { readonly start: number; readonly end: number } {
    const { ids } = this.#world
    const rank = ids.rankOf[node] as number
    let [start, end] = [0, ids.size]
    for (let depth = 0; end - start > KAD_K + 1; depth++) {
      const middle = ids.split(start, end, depth)
      if (rank < middle) {
        use(depth, middle, end)
        end = middle
      } else {
        use(depth, start, middle)
        start = middle
      }
    }
    return { start, end }
  }

  #care(node: number, table: Int32Array, careMs: number): void {
    const last = this.#eachRange(node, (bucket, start, end) => this.#fill(node, table, { bucket, start, end }, careMs))
    this.#fill(node, table, { bucket: table.length / KAD_K - 1, ...last }, careMs)
  }

  #fill(
    node: number,
    table: Int32Array,
    { bucket, start, end }: { readonly bucket: number; readonly start: number; readonly end: number },
    careMs: number,
  ): void {
    const first = bucket * KAD_K
    let used = first
    for (let at = first; at < first + KAD_K; at++) {
      const other = table[at] as number
      if (other !== EMPTY && this.#isListed(node, other, careMs)) {
        table[used++] = other
      }
    }
    table.fill(EMPTY, used, first + KAD_K)
    if (used === first + KAD_K || start === end) {
      return
    }
    const { nodeAt } = this.#world.ids
    const range = end - start
    const isWhole = range <= WHOLE_RANGE_NODES
    const draws = isWhole ? range : DRAWS_MAX * KAD_K
    const offset = this.#stream.uniform(range)
    for (let draw = 0; draw < draws && used < first + KAD_K; draw++) {
      const rank = start + (isWhole ? (offset + draw) % range : this.#stream.uniform(range))
      const other = nodeAt[rank] as number
      if (other !== node && this.#isListed(node, other, careMs) && !includes(table, first, used, other)) {
        table[used++] = other
      }
    }
  }

  /** Whether `other` would be in the table of `node`: it runs, or stopped since somebody last looked. */
  #isListed(node: number, other: number, careMs: number): boolean {
    const { up, server, side, hidden, downSinceMs } = this.#world
    return (
      (up[other] === 1 || (downSinceMs[other] as number) > careMs) &&
      server[other] === 1 &&
      side[other] === side[node] &&
      (hidden[other] === 0 || (hidden[node] === 0 && this.#opened(other, node)))
    )
  }

  /** Whether a node has opened a connection to an open one: to k of each of its buckets, drawn once and for all. */
  #opened(node: number, other: number): boolean {
    const { ids, hidden, openShare } = this.#world
    if (hidden[other] === 1) {
      return false
    }
    const prefix = commonPrefix(
      ids.high[node] as number,
      ids.low[node] as number,
      ids.high[other] as number,
      ids.low[other] as number,
    )
    const range = (ids.size * openShare) / 2 ** (prefix + 1)
    return mix(node, other) < (KAD_K / range) * 2 ** 32
  }
}

/** When a node last looked after its table; each has its own second of the minute. */
function lastCareMs(node: number, nowMs: number): number {
  const phaseMs = mix(node, ROUTING_CARE_INTERVAL_MS) % ROUTING_CARE_INTERVAL_MS
  return nowMs - ((nowMs + phaseMs) % ROUTING_CARE_INTERVAL_MS)
}

function includes(table: Int32Array, start: number, end: number, other: number): boolean {
  for (let at = start; at < end; at++) {
    if (table[at] === other) {
      return true
    }
  }
  return false
}
