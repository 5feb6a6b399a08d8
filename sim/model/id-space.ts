import { assert } from '../../src/util/assert.ts'
import type { Stream } from './stream.ts'

/** Nodes of one run; their index is the end of their id, so that no two ids are equal. */
const NODES_MAX = 1_048_576
const INDEX_BITS = 20n
/** Ranges this small are looked at as a whole. */
const LEAF_NODES = 16

/** A place in the id space: 64 bits in two halves. Real ids have 256; the rest never decides between a million nodes. */
export interface Place {
  readonly high: number
  readonly low: number
}

/** Leading bits that two ids share, 0 to 64. */
export function commonPrefix(high: number, low: number, otherHigh: number, otherLow: number): number {
  const difference = high ^ otherHigh
  return difference === 0 ? 32 + Math.clz32(low ^ otherLow) : Math.clz32(difference)
}

/** The ids of all nodes, in order, so that a prefix is a range of ranks. */
export class IdSpace {
  readonly size: number
  /** By node. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Node by rank, and its inverse. */
  readonly nodeAt: Int32Array
  readonly rankOf: Int32Array
  readonly #sorted: Uint32Array

  /** `near`: places beside which the last nodes are put (Sybils), one each. */
  constructor(nodes: number, near: readonly Place[], stream: Stream) {
    const size = nodes + near.length
    assert(size <= NODES_MAX, `at most ${NODES_MAX} nodes`)
    this.size = size
    this.high = new Uint32Array(size)
    this.low = new Uint32Array(size)
    const ids = new BigUint64Array(size)
    for (let node = 0; node < size; node++) {
      const place = near[node - nodes]
      const high = place?.high ?? stream.bits()
      const low = place?.low ?? stream.bits()
      ids[node] = ((((BigInt(high) << 32n) | BigInt(low)) >> INDEX_BITS) << INDEX_BITS) | BigInt(node)
    }
    ids.sort()
    // Little-endian on every machine Node runs on.
    this.#sorted = new Uint32Array(ids.buffer)
    this.nodeAt = new Int32Array(size)
    this.rankOf = new Int32Array(size)
    for (let rank = 0; rank < size; rank++) {
      const node = (this.#sorted[2 * rank] as number) & (NODES_MAX - 1)
      this.nodeAt[rank] = node
      this.rankOf[node] = rank
      this.low[node] = this.#sorted[2 * rank] as number
      this.high[node] = this.#sorted[2 * rank + 1] as number
    }
  }

  /** First rank in [start, end), a range of one prefix, whose id has bit `depth` set; `end`: none. */
  split(start: number, end: number, depth: number): number {
    const half = depth < 32 ? 1 : 0
    const mask = 1 << (31 - (depth & 31))
    let low = start
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (((this.#sorted[2 * middle + half] as number) & mask) === 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /** The `count` accepted nodes closest to a place, nearest first. */
  closest(place: Place, count: number, accepts: (node: number) => boolean): number[] {
    const found: number[] = []
    this.#visit(place, { start: 0, end: this.size, depth: 0 }, count, accepts, found)
    return found
  }

  #visit(
    place: Place,
    { start, end, depth }: { readonly start: number; readonly end: number; readonly depth: number },
    count: number,
    accepts: (node: number) => boolean,
    found: number[],
  ): void {
    if (found.length >= count || start >= end) {
      return
    }
    if (end - start <= LEAF_NODES || depth >= 64) {
      this.#visitLeaf(place, start, end, count, accepts, found)
      return
    }
    const middle = this.split(start, end, depth)
    const bit = depth < 32 ? place.high & (1 << (31 - depth)) : place.low & (1 << (63 - depth))
    const one = { start, end: middle, depth: depth + 1 }
    const other = { start: middle, end, depth: depth + 1 }
    this.#visit(place, bit === 0 ? one : other, count, accepts, found)
    this.#visit(place, bit === 0 ? other : one, count, accepts, found)
  }

  #visitLeaf(
    place: Place,
    start: number,
    end: number,
    count: number,
    accepts: (node: number) => boolean,
    found: number[],
  ): void {
    const near: number[] = []
    for (let rank = start; rank < end; rank++) {
      const node = this.nodeAt[rank] as number
      if (accepts(node)) {
        near.push(node)
      }
    }
    near.sort((one, other) => this.compare(place, one, other))
    for (let i = 0; i < near.length && found.length < count; i++) {
      found.push(near[i] as number)
    }
  }

  /** Negative when `one` is nearer to `place` than `other`. */
  compare({ high, low }: Place, one: number, other: number): number {
    const highOne = ((this.high[one] as number) ^ high) >>> 0
    const highOther = ((this.high[other] as number) ^ high) >>> 0
    if (highOne !== highOther) {
      return highOne - highOther
    }
    return (((this.low[one] as number) ^ low) >>> 0) - (((this.low[other] as number) ^ low) >>> 0)
  }
}
