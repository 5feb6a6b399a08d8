import { KAD_ALPHA, KAD_DISJOINT_PATHS, KAD_K } from '../../src/util/kad-limits.ts'
import { AdaptiveTimeouts } from './adaptive-timeouts.ts'
import { commonPrefix, type Place } from './id-space.ts'
import { NearestList } from './nearest-list.ts'
import { type Paths, REQUEST_ROUND_TRIPS } from './paths.ts'
import { RoutingTables } from './routing-tables.ts'
import type { Stream } from './stream.ts'
import { HANDSHAKE_BYTES, LOOKUP_ANSWER_BYTES, LOOKUP_REQUEST_BYTES } from './traffic.ts'
import { LIES, type World } from './world.ts'

/** Known peers of one path that wait to be asked; farther ones would not be asked before nearer ones have failed. */
const QUEUE_NODES: number = 3 * KAD_K
/** Room for the nodes one lookup hears of; a power of two. Above it nodes may be asked twice. */
const SEEN_SLOTS = 2_048
const SEEN_PROBES_MAX = 64
/** So long nobody is dialled again by hearsay: HEARSAY_RETRY_MS of src/os/libp2p-limits.ts. Failures remembered. */
const HEARSAY_RETRY_MS = 60_000
const FAILED_MAX = 65_536

/** How a lookup ended. */
export interface LookupResult {
  /** The k closest that answered, nearest first. */
  readonly nodes: readonly number[]
  /** How many had to be asked one after the other until the closest one answered; 0: nobody did. */
  readonly hops: number
  /** Requests sent. */
  readonly messages: number
  readonly tookMs: number
}

interface Path {
  readonly waiting: NearestList
  readonly closest: NearestList
  running: number
}

interface Lookup {
  source: number
  high: number
  low: number
  startMs: number
  messages: number
  running: number
  readonly paths: readonly Path[]
  readonly seen: Int32Array
  readonly seenIn: Uint32Array
  turn: number
  done: (result: LookupResult) => void
}

/** What lookups need of their driver: to be told, by `answered`, when the time of a request has come. */
export type ScheduleAnswer = (delayMs: number, request: number) => void

/**
 * Iterative lookups as kad-dht 16.4 makes them (query-path.js): the k closest of the own table are dealt to disjoint paths,
 * each asks alpha at a time, nearest first, and ends when its k closest have answered and nothing nearer waits.
 */
export class Lookups {
  readonly #world: World
  readonly #tables: RoutingTables
  readonly #paths: Paths
  readonly #stream: Stream
  readonly #schedule: ScheduleAnswer
  readonly #free: Lookup[] = []
  /** Requests under way, by number. */
  #lookupOf: (Lookup | undefined)[] = []
  readonly #pathOf: number[] = []
  readonly #nodeOf: number[] = []
  readonly #depthOf: number[] = []
  readonly #sentMs: number[] = []
  /** When a request that would be answered is given up; 0: it is given up when its time has come. */
  readonly #endsMs: number[] = []
  readonly #freeRequests: number[] = []
  readonly #timeouts: AdaptiveTimeouts
  /** When an address that others tell failed, by who dialled whom. */
  readonly #failedMs = new Map<number, number>()
  readonly #near = new NearestList(KAD_K)
  readonly #merged = new NearestList(KAD_K)

  constructor(world: World, tables: RoutingTables, paths: Paths, stream: Stream, schedule: ScheduleAnswer) {
    this.#world = world
    this.#tables = tables
    this.#paths = paths
    this.#stream = stream
    this.#schedule = schedule
    this.#timeouts = new AdaptiveTimeouts(world.size)
  }

  /** `done` is called once, later, if somebody is known at all; else at once. */
  start(source: number, { high, low }: Place, nowMs: number, done: (result: LookupResult) => void): void {
    const lookup = this.#free.pop() ?? newLookup()
    Object.assign(lookup, { source, high, low, startMs: nowMs, messages: 0, running: 0, done })
    lookup.turn++
    this.#see(lookup, source)
    this.#gather(source, lookup, nowMs)
    const count = this.#near.size
    const offset = this.#stream.uniform(KAD_DISJOINT_PATHS)
    for (let i = 0; i < count; i++) {
      // kad-dht shuffles them; dealing in turn gives every path its share of near ones.
      const path = lookup.paths[(i + offset) % KAD_DISJOINT_PATHS] as Path
      const node = this.#near.nodes[i] as number
      this.#see(lookup, node)
      this.#enqueue(lookup, path, node, 1)
    }
    for (let index = 0; index < KAD_DISJOINT_PATHS; index++) {
      this.#pump(lookup, index, nowMs)
    }
    this.#endIfIdle(lookup, nowMs)
  }

  /** The time of a request has come: it is answered, or given up. */
  answered(request: number, nowMs: number): void {
    const lookup = this.#lookupOf[request] as Lookup
    const index = this.#pathOf[request] as number
    const node = this.#nodeOf[request] as number
    const endsMs = this.#endsMs[request] as number
    const isUp = this.#world.up[node] === 1
    if (!isUp && nowMs < endsMs) {
      // It stopped meanwhile: the asker waits on.
      this.#schedule(endsMs - nowMs, request)
      return
    }
    const path = lookup.paths[index] as Path
    this.#lookupOf[request] = undefined
    this.#freeRequests.push(request)
    path.running--
    lookup.running--
    const isAnswered = endsMs > 0 && nowMs < endsMs
    this.#timeouts.took(lookup.source, nowMs - (this.#sentMs[request] as number), !isAnswered, nowMs)
    if (isAnswered && this.#world.up[lookup.source] === 1) {
      this.#take(lookup, path, node, this.#depthOf[request] as number, nowMs)
    } else {
      this.#tables.remove(lookup.source, node)
    }
    this.#pump(lookup, index, nowMs)
    this.#endIfIdle(lookup, nowMs)
  }

  #take(lookup: Lookup, path: Path, node: number, depth: number, nowMs: number): void {
    const { ids } = this.#world
    const { high, low } = lookup
    const nodeHigh = ((ids.high[node] as number) ^ high) >>> 0
    const nodeLow = ((ids.low[node] as number) ^ low) >>> 0
    path.closest.add(nodeHigh, nodeLow, node, depth)
    this.#gather(node, lookup, nowMs)
    for (let i = 0; i < this.#near.size; i++) {
      const other = this.#near.nodes[i] as number
      const otherHigh = ((ids.high[other] as number) ^ high) >>> 0
      const isNearer =
        otherHigh < nodeHigh || (otherHigh === nodeHigh && ((ids.low[other] as number) ^ low) >>> 0 < nodeLow)
      if (!isNearer) {
        break
      }
      if (this.#see(lookup, other)) {
        this.#enqueue(lookup, path, other, depth + 1)
      }
    }
  }

  #enqueue(lookup: Lookup, path: Path, node: number, depth: number): void {
    const { ids } = this.#world
    const high = ((ids.high[node] as number) ^ lookup.high) >>> 0
    const low = ((ids.low[node] as number) ^ lookup.low) >>> 0
    if (path.closest.accepts(high, low)) {
      path.waiting.add(high, low, node, depth)
    }
  }

  #pump(lookup: Lookup, index: number, nowMs: number): void {
    const path = lookup.paths[index] as Path
    const { waiting, closest } = path
    const { ids, up } = this.#world
    while (path.running < KAD_ALPHA && waiting.size > 0 && up[lookup.source] === 1) {
      const node = waiting.nodes[0] as number
      const depth = waiting.depths[0] as number
      waiting.shift()
      const high = ((ids.high[node] as number) ^ lookup.high) >>> 0
      if (!closest.accepts(high, ((ids.low[node] as number) ^ lookup.low) >>> 0)) {
        // All that wait are farther.
        waiting.clear()
        return
      }
      this.#ask(lookup, path, index, node, depth, nowMs)
    }
  }

  #ask(lookup: Lookup, path: Path, index: number, node: number, depth: number, nowMs: number): void {
    const { source } = lookup
    const reach = this.#paths.reach(source, node)
    if (reach === 'none' && this.#world.side[source] === this.#world.side[node]) {
      // Its addresses are private ones that somebody told: not dialled.
      return
    }
    if (
      reach === 'dialled' &&
      nowMs - (this.#failedMs.get(this.#pair(source, node)) ?? -HEARSAY_RETRY_MS) < HEARSAY_RETRY_MS
    ) {
      return
    }
    const bytes = LOOKUP_REQUEST_BYTES + LOOKUP_ANSWER_BYTES
    const answers = reach !== 'none' && this.#world.up[node] === 1
    const tookMs = answers
      ? this.#paths.requestMs(source, node, reach, { bytes, roundTrips: REQUEST_ROUND_TRIPS })
      : Number.POSITIVE_INFINITY
    const timeoutMs = this.#timeouts.timeoutMs(source)
    const delayMs = Math.min(tookMs, timeoutMs)
    this.#world.charge(source, node, LOOKUP_REQUEST_BYTES + (reach === 'dialled' ? HANDSHAKE_BYTES : 0))
    if (answers) {
      this.#world.charge(node, source, LOOKUP_ANSWER_BYTES + (reach === 'dialled' ? HANDSHAKE_BYTES : 0))
    } else if (reach !== 'linked') {
      this.#paths.dials++
      this.#paths.dialsFailed++
      this.#fail(source, node, nowMs)
    }
    const request = this.#freeRequests.pop() ?? this.#lookupOf.length
    this.#lookupOf[request] = lookup
    this.#pathOf[request] = index
    this.#nodeOf[request] = node
    this.#depthOf[request] = depth
    this.#sentMs[request] = nowMs
    this.#endsMs[request] = tookMs > delayMs ? 0 : nowMs + timeoutMs
    path.running++
    lookup.running++
    lookup.messages++
    this.#schedule(delayMs, request)
  }

  #fail(source: number, node: number, nowMs: number): void {
    if (this.#failedMs.size >= FAILED_MAX) {
      this.#failedMs.clear()
    }
    this.#failedMs.set(this.#pair(source, node), nowMs)
  }

  #pair(source: number, node: number): number {
    return source * this.#world.size + node
  }

  #endIfIdle(lookup: Lookup, nowMs: number): void {
    if (lookup.running > 0) {
      return
    }
    const merged = this.#merged
    const { ids } = this.#world
    merged.clear()
    for (const { closest, waiting } of lookup.paths) {
      for (let i = 0; i < closest.size; i++) {
        const node = closest.nodes[i] as number
        const high = ((ids.high[node] as number) ^ lookup.high) >>> 0
        merged.add(high, ((ids.low[node] as number) ^ lookup.low) >>> 0, node, closest.depths[i] as number)
      }
      closest.clear()
      waiting.clear()
    }
    const nodes = [...merged.nodes.subarray(0, merged.size)]
    const hops = merged.size === 0 ? 0 : (merged.depths[0] as number)
    const { done, messages, startMs } = lookup
    this.#free.push(lookup)
    done({ nodes, hops, messages, tookMs: nowMs - startMs })
  }

  /** Into `near`: the k closest to the key that `node` names, with the exception of the asker. */
  #gather(node: number, { high, low, source }: Lookup, nowMs: number): void {
    const near = this.#near
    const { ids, behaviour, firstSybil, size } = this.#world
    near.clear()
    const add = (other: number): void => {
      const otherHigh = ((ids.high[other] as number) ^ high) >>> 0
      near.add(otherHigh, ((ids.low[other] as number) ^ low) >>> 0, other, 0)
    }
    if (behaviour[node] === LIES) {
      for (let other = firstSybil; other < size; other++) {
        if (behaviour[other] === LIES && this.#world.up[other] === 1) {
          add(other)
        }
      }
      return
    }
    const table = this.#tables.of(node, nowMs)
    const prefix = commonPrefix(ids.high[node] as number, ids.low[node] as number, high, low)
    const bucket = RoutingTables.bucketOf(prefix, table)
    // The same bucket is nearest, then all deeper ones together, then one after the other upwards.
    addBucket(table, bucket, source, add)
    if (near.size < KAD_K) {
      for (let deeper = bucket + 1; deeper < table.length / KAD_K; deeper++) {
        addBucket(table, deeper, source, add)
      }
    }
    for (let above = bucket - 1; above >= 0 && near.size < KAD_K; above--) {
      addBucket(table, above, source, add)
    }
  }

  /** False when this lookup has met the node before. */
  #see({ seen, seenIn, turn }: Lookup, node: number): boolean {
    let slot = Math.imul(node + 1, 0x9e3779b1) >>> 21
    for (let probe = 0; probe < SEEN_PROBES_MAX; probe++) {
      if (seenIn[slot] !== turn) {
        seenIn[slot] = turn
        seen[slot] = node
        return true
      }
      if (seen[slot] === node) {
        return false
      }
      slot = (slot + 1) & (SEEN_SLOTS - 1)
    }
    return true
  }
}

function addBucket(table: Int32Array, bucket: number, asker: number, add: (node: number) => void): void {
  const start = bucket * KAD_K
  for (let at = start; at < start + KAD_K; at++) {
    const node = table[at] as number
    if (node >= 0 && node !== asker) {
      add(node)
    }
  }
}

function newLookup(): Lookup {
  return {
    source: 0,
    high: 0,
    low: 0,
    startMs: 0,
    messages: 0,
    running: 0,
    paths: Array.from({ length: KAD_DISJOINT_PATHS }, () => {
      return { waiting: new NearestList(QUEUE_NODES), closest: new NearestList(KAD_K), running: 0 }
    }),
    seen: new Int32Array(SEEN_SLOTS),
    seenIn: new Uint32Array(SEEN_SLOTS),
    turn: 0,
    done: () => {},
  }
}
