import type { NodeHome } from './node-home.ts'
import type { StackWorld } from './world.ts'

const CHECK_INTERVAL_MS = 1_000
/** Reservations that a private node holds. */
const RELAYS = 2

/** Measures how long nodes that nobody can dial are short of relays that run, after they once had enough. */
export class RelayGaps {
  readonly #world: StackWorld
  /** Since when, of those that are short; undefined: has enough. */
  readonly #shortSinceMs = new Map<NodeHome, number | undefined>()
  #longestMs = 0

  constructor(world: StackWorld) {
    this.#world = world
  }

  /** The longest there was, to a second. */
  get longestMs(): number {
    return this.#longestMs
  }

  /** Looks every second from now on, if anybody is behind a box. */
  watch(): void {
    const homes = this.#world.homes.filter(({ nodeClass }) => nodeClass.nat.length > 0)
    if (homes.length > 0) {
      const look = (): void => {
        for (const home of homes) {
          this.#look(home)
        }
        this.#world.time.schedule(CHECK_INTERVAL_MS, look)
      }
      look()
    }
  }

  #look(home: NodeHome): void {
    const network = home.isUp ? home.running?.network : undefined
    if (network === undefined || network.reachability() === 'public') {
      this.#shortSinceMs.delete(home)
      return
    }
    const nowMs = this.#world.time.now()
    const { relays } = network.reach()
    const living = relays.filter(({ peerId }) => this.#world.homeOfPeer(peerId)?.running !== undefined)
    if (living.length >= RELAYS) {
      this.#shortSinceMs.set(home, undefined)
    } else if (this.#shortSinceMs.has(home)) {
      const sinceMs = this.#shortSinceMs.get(home) ?? nowMs
      this.#shortSinceMs.set(home, sinceMs)
      this.#longestMs = Math.max(this.#longestMs, nowMs - sinceMs)
    }
  }
}
