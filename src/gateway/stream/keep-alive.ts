import type { Clock, Timer } from '../../system/clock.ts'

/** A client that is silent for so long is asked whether it is there (RFC 6120 §4.6); XEP-0478 tells it. */
export const IDLE_MS = 300_000
/** Time it has to answer, where it must. */
const ANSWER_MS = 60_000

/** What a silent client gets. */
export interface KeepAliveInit {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  /** Sends something, and says with `expectAnswer` whether the client must answer it. */
  readonly probe: () => void
  readonly gone: () => void
}

/** Notices clients that are gone without having said so. */
export class KeepAlive {
  readonly #init: KeepAliveInit
  #timer: Timer | undefined
  #answerTimer: Timer | undefined
  #heardMs: number
  #askedMs = 0

  constructor(init: KeepAliveInit) {
    this.#init = init
    this.#heardMs = init.clock.monotonicMs()
    this.#schedule(IDLE_MS)
  }

  /** Something came from the client. */
  heard(): void {
    this.#heardMs = this.#init.clock.monotonicMs()
  }

  /** It was asked something that it must answer. */
  expectAnswer(): void {
    const { clock } = this.#init
    this.#askedMs = clock.monotonicMs()
    this.#answerTimer ??= clock.schedule(ANSWER_MS, () => this.#lookForAnswer())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#answerTimer?.cancel()
  }

  #lookForAnswer(): void {
    const { clock, gone } = this.#init
    this.#answerTimer = undefined
    if (this.#heardMs >= this.#askedMs) {
      return
    }
    const waitMs = this.#askedMs + ANSWER_MS - clock.monotonicMs()
    if (waitMs <= 0) {
      gone()
    } else {
      this.#answerTimer = clock.schedule(waitMs, () => this.#lookForAnswer())
    }
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#init.clock.schedule(delayMs, () => this.#look())
  }

  #look(): void {
    const { clock, probe } = this.#init
    const silentMs = clock.monotonicMs() - this.#heardMs
    if (silentMs < IDLE_MS) {
      this.#schedule(IDLE_MS - silentMs)
    } else {
      probe()
      this.#schedule(IDLE_MS)
    }
  }
}
