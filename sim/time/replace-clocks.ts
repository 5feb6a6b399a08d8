import perfHooks from 'node:perf_hooks'
import type { VirtualTime } from './virtual-time.ts'

const NANOSECONDS_PER_MS = 1_000_000

/** Puts virtual time in the place of `Date`, `performance.now` and `process.hrtime`. */
export function replaceClocks(time: VirtualTime): void {
  const RealDate = Date
  // A function, as `Date()` without `new` gives a text.
  const VirtualDate = function (this: unknown, ...args: []): unknown {
    if (new.target === undefined) {
      return new RealDate(Math.floor(time.wallMs())).toString()
    }
    return Reflect.construct(RealDate, args.length === 0 ? [Math.floor(time.wallMs())] : args, new.target)
  }
  Object.setPrototypeOf(VirtualDate, RealDate)
  VirtualDate.prototype = RealDate.prototype
  Object.defineProperty(VirtualDate, 'now', { value: () => Math.floor(time.wallMs()) })
  Object.defineProperty(RealDate.prototype, 'constructor', { value: VirtualDate })
  Object.defineProperty(globalThis, 'Date', { value: VirtualDate, writable: true, configurable: true })
  const now = (): number => time.now()
  Object.defineProperty(performance, 'now', { value: now, configurable: true })
  Object.defineProperty(perfHooks.performance, 'now', { value: now, configurable: true })
  Object.defineProperty(performance, 'timeOrigin', { value: time.wallMs() - time.now(), configurable: true })
  const nanoseconds = (): bigint => BigInt(Math.round(time.now() * NANOSECONDS_PER_MS))
  const hrtime = (since?: [number, number]): [number, number] => {
    const total = nanoseconds() - (since === undefined ? 0n : BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]))
    return [Number(total / 1_000_000_000n), Number(total % 1_000_000_000n)]
  }
  process.hrtime = Object.assign(hrtime, { bigint: nanoseconds })
}
