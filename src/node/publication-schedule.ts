import type { Clock, Timer } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import { Backoff } from '../util/backoff.ts'
import { CUSTODIANS_PER_PLACE } from './custodians.ts'
import { REPUBLISH_INTERVAL_MS } from './record-publisher.ts'

/** Waits from a cause to the publication: at first one second, for causes come in bunches. *ours* */
const SOON_MIN_MS = 1_000
/** Causes that keep coming (addresses that flap) lead to a publication no more often than this. *ours* */
const SOON_MAX_MS = 600_000
/** After so long without a publication of its kind the waits begin at one second again. *ours* */
const QUIET_MS = 600_000
/** Publications for one new peer while custodians are missing: the peer may need time to show up in the DHT. *ours* */
const SHORTFALL_RETRIES_MAX = 5

/**
 * After a new record was published its custodians are asked once for the account's newest: another device may have
 * published at the same time, and where its record came second nobody told this one. *ours*
 */
const CONFIRM_DELAY_MS = 60_000

/** What is done when its time has come. */
export interface PublicationActions {
  /** With `again`, to all custodians. */
  publish(options: { again: boolean }): void
  /** Asks the custodians for the newest record. */
  confirm(): void
}

/** One cause of publications and when the next one of it is due. */
class Trigger {
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #fire: () => void
  #timer: Timer | undefined
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, random: Random, fire: () => void) {
    this.#clock = clock
    this.#backoff = new Backoff(random, { minMs: SOON_MIN_MS, maxMs: SOON_MAX_MS })
    this.#fire = fire
  }

  /** Fires soon; one that already waits is enough. */
  pull(): void {
    if (this.#timer !== undefined) {
      return
    }
    if (this.#clock.monotonicMs() - this.#lastMs > QUIET_MS) {
      this.#backoff.reset()
    }
    this.#timer = this.#clock.schedule(this.#backoff.next(), () => {
      this.#timer = undefined
      this.#lastMs = this.#clock.monotonicMs()
      this.#fire()
    })
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** Decides when a record is published: every 22 h, soon after a change, and again while custodians are missing. */
export class PublicationSchedule {
  readonly #clock: Clock
  readonly #actions: PublicationActions
  readonly #change: Trigger
  readonly #shortfall: Trigger
  #retriesLeft = SHORTFALL_RETRIES_MAX
  #missing = true
  #regular: Timer | undefined
  #confirmation: Timer | undefined
  #stopped = false

  constructor(clock: Clock, random: Random, actions: PublicationActions) {
    this.#clock = clock
    this.#actions = actions
    this.#change = new Trigger(clock, random, () => actions.publish({ again: false }))
    this.#shortfall = new Trigger(clock, random, () => actions.publish({ again: false }))
  }

  /** A publication ended; `custodians` hold the record, 0 also if it failed; it is a new one if `renewed`. */
  published(custodians: number, renewed: boolean): void {
    if (this.#stopped) {
      return
    }
    if (renewed) {
      this.#confirmation?.cancel()
      this.#confirmation = this.#clock.schedule(CONFIRM_DELAY_MS, () => this.#actions.confirm())
    }
    this.#missing = custodians < CUSTODIANS_PER_PLACE
    if (this.#missing && this.#retriesLeft > 0) {
      this.#retriesLeft--
      this.#shortfall.pull()
    }
    this.#regular ??= this.#clock.schedule(REPUBLISH_INTERVAL_MS, () => {
      this.#regular = undefined
      this.#actions.publish({ again: true })
    })
  }

  /** What the record says may have changed. */
  changed(): void {
    if (!this.#stopped) {
      this.#change.pull()
    }
  }

  /** A peer connected that may become a custodian. */
  peerConnected(): void {
    if (this.#missing && !this.#stopped) {
      this.#retriesLeft = SHORTFALL_RETRIES_MAX
      this.#shortfall.pull()
    }
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true
    this.#change.cancel()
    this.#shortfall.cancel()
    this.#regular?.cancel()
    this.#confirmation?.cancel()
  }
}
