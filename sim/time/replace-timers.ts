import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import type { VirtualTime } from './virtual-time.ts'

/** The longest delay that Node's timers keep, in milliseconds; longer ones fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

type Callback = (...args: unknown[]) => void

/** Looks like Node's `Timeout` and `Immediate` and lives in virtual time. */
class VirtualTimeout {
  readonly #time: VirtualTime
  readonly #delayMs: number
  readonly #isRepeated: boolean
  readonly #fire: () => void
  #event: { cancel(): void } | undefined

  constructor(time: VirtualTime, delayMs: number, isRepeated: boolean, fire: () => void) {
    this.#time = time
    this.#delayMs = delayMs
    this.#isRepeated = isRepeated
    this.#fire = fire
    this.refresh()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    this.close()
    this.#event = this.#time.schedule(this.#delayMs, () => {
      this.#event = undefined
      if (this.#isRepeated) {
        this.refresh()
      }
      this.#fire()
    })
    return this
  }

  close(): this {
    this.#event?.cancel()
    this.#event = undefined
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Puts virtual time in the place of every timer that code can reach, `AbortSignal.timeout` included. */
export function replaceTimers(time: VirtualTime): void {
  const make = (delayMs: number, isRepeated: boolean, fn: Callback, args: unknown[]): VirtualTimeout =>
    new VirtualTimeout(time, delayMs, isRepeated, args.length === 0 ? fn : () => fn(...args))
  const clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimeout) {
      timer.close()
    }
  }
  const replacements = {
    setTimeout: (fn: Callback, delayMs?: number, ...args: unknown[]) => make(inNode(delayMs), false, fn, args),
    setInterval: (fn: Callback, delayMs?: number, ...args: unknown[]) => make(inNode(delayMs), true, fn, args),
    setImmediate: (fn: Callback, ...args: unknown[]) => make(0, false, fn, args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }
  const sleep = promiseOf(time)
  Object.defineProperty(replacements.setTimeout, promisify.custom, { value: sleep })
  Object.defineProperty(replacements.setImmediate, promisify.custom, {
    value: (value?: unknown, options?: { signal?: AbortSignal }) => sleep(0, value, options),
  })
  Object.assign(globalThis, replacements)
  Object.assign(timers, replacements)
  replacePromises(sleep)
  AbortSignal.timeout = (delayMs) => {
    const controller = new AbortController()
    time.schedule(inNode(delayMs), () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    )
    return controller.signal
  }
}

type Sleep = (delayMs?: number, value?: unknown, options?: { signal?: AbortSignal }) => Promise<unknown>

function promiseOf(time: VirtualTime): Sleep {
  return (delayMs, value, options) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        event.cancel()
        reject(signal?.reason)
      }
      const event = time.schedule(delayMs === 0 ? 0 : inNode(delayMs), () => {
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
}

function replacePromises(sleep: Sleep): void {
  Object.assign(timersPromises, {
    setTimeout: sleep,
    setImmediate: (value?: unknown, options?: { signal?: AbortSignal }) => sleep(0, value, options),
    setInterval: async function* (delayMs?: number, value?: unknown, options?: { signal?: AbortSignal }) {
      for (;;) {
        yield await sleep(delayMs, value, options)
      }
    },
  })
  Object.assign(timersPromises.scheduler, {
    wait: (delayMs: number, options?: { signal?: AbortSignal }) => sleep(delayMs, undefined, options),
    yield: () => sleep(0),
  })
}

/** What Node makes of a delay: at least 1 ms. */
function inNode(delayMs: number | undefined): number {
  const value = Number(delayMs)
  return value >= 1 && value <= MAX_DELAY_MS ? Math.trunc(value) : 1
}
