import type { Kernel } from './kernel.ts'
import type { Stream } from './stream.ts'
import type { World } from './world.ts'

/** In networks up to this size nobody sleeps: what attempts do by the way is played. */
const AWAKE_NODES_MAX = 2_000
/** Lookups of records whose duration is remembered, and what is taken while there is none. */
const SAMPLES = 256
const LOOKUP_MS = 2_000

/** A link whose attempts all fail until a node comes back. */
export interface SleepingLink {
  /** Plays the attempts that have failed by now. */
  passed(nowMs: number): void
  /** The node has come: the attempt under way, or the next one, may succeed. */
  woken(nowMs: number): void
}

/**
 * Links to nodes that are off. Their attempts are not events: nobody but their owner notices them, and they are made up for
 * in one go when the node comes, or somebody counts what they cost.
 */
export class SleepingLinks {
  readonly #world: World
  readonly #kernel: Kernel
  readonly #stream: Stream
  readonly #byNode = new Map<number, Set<SleepingLink>>()
  readonly #lookupMs = new Float64Array(SAMPLES)
  #lookups = 0

  constructor(world: World, kernel: Kernel, stream: Stream) {
    this.#world = world
    this.#kernel = kernel
    this.#stream = stream
  }

  /** Whether a link to this node may sleep. */
  maySleep(node: number): boolean {
    return this.#world.size > AWAKE_NODES_MAX && this.#world.up[node] === 0
  }

  add(node: number, link: SleepingLink): void {
    const links = this.#byNode.get(node) ?? new Set()
    this.#byNode.set(node, links.add(link))
  }

  delete(node: number, link: SleepingLink): void {
    this.#byNode.get(node)?.delete(link)
  }

  /** A node has come. */
  came(node: number): void {
    const links = this.#byNode.get(node)
    this.#byNode.delete(node)
    for (const link of links ?? []) {
      link.woken(this.#kernel.nowMs)
    }
  }

  /** Somebody counts. */
  settle(): void {
    for (const links of this.#byNode.values()) {
      for (const link of links) {
        link.passed(this.#kernel.nowMs)
      }
    }
  }

  /** A record was looked up by somebody who is awake. */
  lookedUp(tookMs: number): void {
    this.#lookupMs[this.#lookups++ % SAMPLES] = tookMs
  }

  /** How long a sleeper's lookup takes. */
  drawLookupMs(): number {
    const known = Math.min(this.#lookups, SAMPLES)
    return known === 0 ? LOOKUP_MS : (this.#lookupMs[this.#stream.uniform(known)] as number)
  }

  /** Uniform in [0, 1). */
  jitter(): number {
    return this.#stream.next()
  }
}
