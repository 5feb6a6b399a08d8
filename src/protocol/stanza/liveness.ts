import { ACKNOWLEDGE_TIMEOUT_MS, IDLE_ABORT_MS, IDLE_REQUEST_MS } from './protocol.ts'

/** What has to be done about a stream. */
export type LivenessVerdict = 'alive' | 'request' | 'silent' | 'stalled'

/** Notices that the other side of a stream is gone, or takes nothing any more. */
export class Liveness {
  #heardMs: number
  /** Since when nothing was acknowledged of what is under way; undefined while nothing is. */
  #waitingSinceMs: number | undefined
  #requested = false

  constructor(nowMs: number) {
    this.#heardMs = nowMs
  }

  /** Anything came, or we ourselves do not read. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs
    this.#requested = false
  }

  /** A stanza was sent. */
  sent(nowMs: number): void {
    this.#waitingSinceMs ??= nowMs
  }

  /** Stanzas were acknowledged; `inFlight` are still under way. */
  acknowledged(nowMs: number, inFlight: number): void {
    this.#waitingSinceMs = inFlight > 0 ? nowMs : undefined
  }

  /** To be asked at `deadlineMs()`; says `request` once a silence. */
  check(nowMs: number): LivenessVerdict {
    if (nowMs >= this.#heardMs + IDLE_ABORT_MS) {
      return 'silent'
    }
    if (this.#waitingSinceMs !== undefined && nowMs >= this.#waitingSinceMs + ACKNOWLEDGE_TIMEOUT_MS) {
      return 'stalled'
    }
    if (!this.#requested && nowMs >= this.#heardMs + IDLE_REQUEST_MS) {
      this.#requested = true
      return 'request'
    }
    return 'alive'
  }

  /** When to check next. */
  deadlineMs(): number {
    const idleMs = this.#heardMs + (this.#requested ? IDLE_ABORT_MS : IDLE_REQUEST_MS)
    return this.#waitingSinceMs === undefined ? idleMs : Math.min(idleMs, this.#waitingSinceMs + ACKNOWLEDGE_TIMEOUT_MS)
  }
}
