import type { Clock, Timer } from '../../src/system/clock.ts'
import { assert } from '../../src/util/assert.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The longest delay that a `Clock` keeps, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** A node's clock on virtual time. */
export class SimulatedClock implements Clock {
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
  }

  monotonicMs(): number {
    return this.#time.now()
  }

  wallMs(): number {
    return Math.floor(this.#time.wallMs())
  }

  schedule(delayMs: number, fn: () => void): Timer {
    assertDelay(delayMs)
    return this.#time.schedule(delayMs, fn)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    assertDelay(delayMs)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        timer.cancel()
        reject(signal?.reason)
      }
      const timer = this.#time.schedule(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  timeoutSignal(delayMs: number): AbortSignal {
    assertDelay(delayMs)
    const controller = new AbortController()
    this.#time.schedule(delayMs, () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    )
    return controller.signal
  }
}

function assertDelay(delayMs: number): void {
  assert(delayMs >= 0 && delayMs <= MAX_DELAY_MS, `a delay is 0 to ${MAX_DELAY_MS} ms, not ${delayMs}`)
}
