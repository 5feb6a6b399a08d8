import { ROUTING_CARE_INTERVAL_MS } from '../../src/util/kad-limits.ts'
import type { RoutingTables } from './routing-tables.ts'
import type { World } from './world.ts'

/** Up to this size every connection is remembered; above, those that lookups made by the way are not. */
const REMEMBERED_NODES_MAX = 2_000
/** Connections of one node: MAX_CONNECTIONS of src/os/libp2p-limits.ts. The oldest is closed for a new one. */
const CONNECTIONS_MAX = 256

interface Made {
  readonly dialledMs: number
  /** When it can be used. */
  readonly readyMs: number
}

/**
 * Who is connected with whom. A connection lives until one of its ends stops or has too many. The entries of a node's
 * routing table are connected when its care has been through them all, a minute after both have started; what is dialled
 * for a request besides stays.
 */
export class Connections {
  readonly #world: World
  readonly #tables: RoutingTables
  readonly #now: () => number
  /** By node; undefined in networks that are too large. */
  readonly #made: Map<number, Made>[] | undefined
  readonly #listeners: ((one: number, other: number) => void)[] = []

  constructor(world: World, tables: RoutingTables, now: () => number) {
    this.#world = world
    this.#tables = tables
    this.#now = now
    this.#made =
      world.size > REMEMBERED_NODES_MAX ? undefined : Array.from({ length: world.size }, () => new Map<number, Made>())
  }

  /** Whether some may be known that cannot be used yet. */
  get areRemembered(): boolean {
    return this.#made !== undefined
  }

  /** Calls `listener` with the two ends of every connection that is remembered, as it is dialled. */
  onDialled(listener: (one: number, other: number) => void): void {
    this.#listeners.push(listener)
  }

  /** When the connection between two nodes can be used, in the past mostly; undefined: there is none. */
  readyMs(one: number, other: number): number | undefined {
    const { up, upSinceMs } = this.#world
    if (up[one] === 0 || up[other] === 0) {
      return undefined
    }
    const sinceMs = Math.max(upSinceMs[one] as number, upSinceMs[other] as number)
    const made = this.#made?.[one]?.get(other)
    if (made !== undefined && made.dialledMs >= sinceMs) {
      return made.readyMs
    }
    const caredMs = sinceMs + ROUTING_CARE_INTERVAL_MS
    const isListed = caredMs <= this.#now() && (this.#tables.has(one, other) || this.#tables.has(other, one))
    return isListed ? caredMs : undefined
  }

  /** A dial has begun that will succeed. */
  dialled(one: number, other: number, readyMs: number): void {
    if (this.#made !== undefined) {
      const made = { dialledMs: this.#now(), readyMs }
      this.#remember(one, other, made)
      this.#remember(other, one, made)
      for (const listener of this.#listeners) {
        listener(one, other)
      }
    }
  }

  #remember(node: number, other: number, made: Made): void {
    const all = this.#made?.[node]
    all?.delete(other)
    all?.set(other, made)
    if (all !== undefined && all.size > CONNECTIONS_MAX) {
      const [oldest] = all.keys()
      all.delete(oldest as number)
      this.#made?.[oldest as number]?.delete(node)
    }
  }
}
