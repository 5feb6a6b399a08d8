import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from '../system/clock.ts'
import { assert } from '../util/assert.ts'

/** The longest delay that Node's timers keep, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** The operating system's clock and Node's timers. */
export class OsClock implements Clock {
  monotonicMs(): number {
    return performance.now()
  }

  wallMs(): number {
    return Date.now()
  }

  schedule(delayMs: number, fn: () => void): Timer {
    assertDelay(delayMs)
    const timer = setTimeout(fn, delayMs)
    return { cancel: () => clearTimeout(timer) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    assertDelay(delayMs)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, delayMs)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  timeoutSignal(delayMs: number): AbortSignal {
    assertDelay(delayMs)
    return AbortSignal.timeout(Math.ceil(delayMs))
  }
}

function assertDelay(delayMs: number): void {
  assert(delayMs >= 0 && delayMs <= MAX_DELAY_MS, `a delay is 0 to ${MAX_DELAY_MS} ms, not ${delayMs}`)
}
