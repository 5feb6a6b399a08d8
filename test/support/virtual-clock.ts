import type { Clock, Timer } from '../../src/system/clock.ts'
import { assert } from '../../src/util/assert.ts'

interface PendingTimer {
  readonly atMs: number
  readonly fn: () => void
  cancelled: boolean
}

/** Real event-loop turns given to promises and group commits after each timer. */
const DRAIN_TURNS = 4

const realSetImmediate = setImmediate

/** A clock that stands still until a test moves it. Timers fire in order of time, then of scheduling. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #wallOffsetMs: number
  readonly #timers: PendingTimer[] = []

  constructor(wallMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = wallMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs
  }

  /** Makes the wall clock jump; the monotonic one and all timers stay as they are. */
  setWallMs(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#nowMs
  }

  schedule(delayMs: number, fn: () => void): Timer {
    assert(delayMs >= 0 && delayMs <= 2 ** 31 - 1, `a delay is 0 to 2^31 - 1 ms, not ${delayMs}`)
    const timer: PendingTimer = { atMs: this.#nowMs + delayMs, fn, cancelled: false }
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timers[middle]!.atMs <= timer.atMs) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    this.#timers.splice(low, 0, timer)
    return { cancel: () => this.#cancel(timer) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        timer.cancel()
        reject(signal?.reason)
      }
      const timer = this.schedule(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  timeoutSignal(delayMs: number): AbortSignal {
    const controller = new AbortController()
    this.schedule(delayMs, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return controller.signal
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.length
  }

  /** Lets `ms` pass, firing what falls due; promises settle between any two timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await drain()
    while (this.#timers[0] !== undefined && this.#timers[0].atMs <= untilMs) {
      await this.#fireNext()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass, timer by timer, until `predicate` holds; throws if it does not within `maxMs`. */
  async runUntil(predicate: () => boolean, maxMs = 3_600_000): Promise<void> {
    const untilMs = this.#nowMs + maxMs
    await drain()
    while (!predicate()) {
      const next = this.#timers[0]
      if (next === undefined || next.atMs > untilMs) {
        throw new Error(`it did not come true within ${maxMs} ms (${this.#timers.length} timers wait)`)
      }
      await this.#fireNext()
    }
  }

  /** Lets time pass until `promise` settles, and gives its outcome. */
  async run<Result>(promise: Promise<Result>, maxMs = 3_600_000): Promise<Result> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    await this.runUntil(() => settled, maxMs)
    return await promise
  }

  async #fireNext(): Promise<void> {
    const timer = this.#timers.shift()!
    this.#nowMs = timer.atMs
    timer.cancelled = true
    timer.fn()
    await drain()
  }

  #cancel(timer: PendingTimer): void {
    if (!timer.cancelled) {
      timer.cancelled = true
      this.#timers.splice(this.#timers.indexOf(timer), 1)
    }
  }
}

async function drain(): Promise<void> {
  for (let turn = 0; turn < DRAIN_TURNS; turn++) {
    await new Promise<void>((resolve) => realSetImmediate(resolve))
  }
}
