import type { Links } from '../network/links.ts'
import type { Connections } from './connections.ts'
import type { RoutingTables } from './routing-tables.ts'
import type { Stream } from './stream.ts'
import type { World } from './world.ts'

/** A request over a connection that is open takes two round trips, the first for the stream. libp2p.md §4, measured. */
export const REQUEST_ROUND_TRIPS = 2
/** Making the connection: TCP, negotiation, Noise. libp2p.md §4, measured. */
const DIAL_ROUND_TRIPS = 3

/** Payload of a segment: what is lost together. */
const SEGMENT_BYTES = 1_448

/** `linked`: over a connection that is open; `dialled`: one can be made; `none`: neither. */
export type Reach = 'linked' | 'dialled' | 'none'

/**
 * Who reaches whom and how long it takes. The model has no relays and no hole punching: whoever is
 * behind a NAT is reached over connections that it has opened itself, and not by others behind a NAT.
 */
export class Paths {
  readonly #world: World
  readonly #tables: RoutingTables
  readonly #connections: Connections
  readonly #now: () => number
  readonly #links: Links
  readonly #stream: Stream
  dials = 0
  dialsFailed = 0

  constructor(
    world: World,
    {
      tables,
      connections,
      links,
      stream,
      now,
    }: {
      tables: RoutingTables
      connections: Connections
      links: Links
      stream: Stream
      now: () => number
    },
  ) {
    this.#world = world
    this.#tables = tables
    this.#connections = connections
    this.#now = now
    this.#links = links
    this.#stream = stream
  }

  /** Whether something from `from` can get to `to`, which need not run. */
  reach(from: number, to: number): Reach {
    const { side, hidden } = this.#world
    if (side[from] !== side[to]) {
      return 'none'
    }
    if (hidden[to] === 1) {
      return hidden[from] === 0 && this.#tables.has(to, from) ? 'linked' : 'none'
    }
    return this.#connections.readyMs(from, to) === undefined ? 'dialled' : 'linked'
  }

  /** The same as `reach(…) !== 'none'`. */
  reaches(from: number, to: number): boolean {
    const { side, hidden } = this.#world
    return side[from] === side[to] && (hidden[to] === 0 || (hidden[from] === 0 && this.#tables.has(to, from)))
  }

  degrade(latencyTimes: number, loss: number): void {
    this.#links.degrade(latencyTimes, loss)
  }

  /** One way, with what these bytes happen to suffer. */
  oneWayMs(from: number, to: number, bytes: number): number {
    const links = this.#links
    const latencyMs = links.latencyMs(from, to)
    return (
      latencyMs +
      links.jitterMs(this.#stream) +
      links.lossDelayMs(bytes, latencyMs, this.#stream) +
      (1000 * bytes) / links.bytesPerSecond
    )
  }

  /** Round trips between two nodes, `bytes` together, over a connection that is open, or being made, or is made first. */
  requestMs(
    from: number,
    to: number,
    reach: Exclude<Reach, 'none'>,
    { bytes, roundTrips }: { readonly bytes: number; readonly roundTrips: number },
  ): number {
    const dialMs = reach === 'dialled' ? this.#dialMs(from, to) : this.#readyInMs(from, to)
    return dialMs + this.#exchangeMs(from, to, bytes, roundTrips)
  }

  #dialMs(from: number, to: number): number {
    this.dials++
    const dialMs = this.#exchangeMs(from, to, 0, DIAL_ROUND_TRIPS)
    this.#connections.dialled(from, to, this.#now() + dialMs)
    return dialMs
  }

  #readyInMs(from: number, to: number): number {
    return this.#connections.areRemembered ? Math.max(0, (this.#connections.readyMs(from, to) ?? 0) - this.#now()) : 0
  }

  #exchangeMs(from: number, to: number, bytes: number, roundTrips: number): number {
    const ways = 2 * roundTrips
    const links = this.#links
    const latencyMs = links.latencyMs(from, to)
    const jitterMs = links.jitterMs(this.#stream) + links.jitterMs(this.#stream)
    const lossMs = links.lossDelayMs(bytes + (ways - 1) * SEGMENT_BYTES, latencyMs, this.#stream)
    return ways * (latencyMs + jitterMs / 2) + lossMs + (1000 * bytes) / links.bytesPerSecond
  }
}
