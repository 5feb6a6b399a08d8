import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../src/system/clock.ts'

/** A clock and the means to let its time pass until `promise` settles. */
export interface ClockUnderTest {
  readonly clock: Clock
  run<Result>(promise: Promise<Result>): Promise<Result>
}

/** What every `Clock` keeps. */
export function clockContract(name: string, make: () => ClockUnderTest): void {
  test(`${name}: scheduled functions run once, in the order of their times, and never at once`, async () => {
    const { clock, run } = make()
    const order: string[] = []
    const done = new Promise<void>((resolve) => {
      clock.schedule(60, () => {
        order.push('late')
        resolve()
      })
    })
    clock.schedule(0, () => order.push('soon'))
    clock.schedule(20, () => order.push('middle'))
    assert.deepEqual(order, [])
    await run(done)
    assert.deepEqual(order, ['soon', 'middle', 'late'])
  })

  test(`${name}: a cancelled function does not run, and cancelling twice or too late does no harm`, async () => {
    const { clock, run } = make()
    let ran = 0
    const cancelled = clock.schedule(5, () => ran++)
    cancelled.cancel()
    cancelled.cancel()
    const late = clock.schedule(5, () => ran++)
    await run(clock.sleep(40))
    late.cancel()
    assert.equal(ran, 1)
  })

  test(`${name}: the monotonic clock has passed at least the time slept, give or take a tick`, async () => {
    const { clock, run } = make()
    const beforeMs = clock.monotonicMs()
    await run(clock.sleep(30))
    assert.ok(clock.monotonicMs() - beforeMs >= 28)
  })

  test(`${name}: the wall clock counts milliseconds since 1970`, () => {
    const { clock } = make()
    assert.ok(clock.wallMs() > Date.UTC(2025, 0, 1) && clock.wallMs() < Date.UTC(2100, 0, 1))
  })

  test(`${name}: an interrupted sleep rejects with the signal's reason`, async () => {
    const { clock, run } = make()
    const reason = new Error('wake up')
    const isReason = (error: unknown): boolean => error === reason
    await assert.rejects(clock.sleep(1_000, AbortSignal.abort(reason)), isReason)
    const controller = new AbortController()
    const sleeping = assert.rejects(clock.sleep(60_000, controller.signal), isReason)
    clock.schedule(5, () => controller.abort(reason))
    await run(sleeping)
  })

  test(`${name}: a timeout signal aborts with a TimeoutError`, async () => {
    const { clock, run } = make()
    const signal = clock.timeoutSignal(10)
    assert.equal(signal.aborted, false)
    await run(Promise.all([clock.sleep(15), new Promise((resolve) => signal.addEventListener('abort', resolve))]))
    assert.ok(signal.reason instanceof DOMException)
    assert.equal(signal.reason.name, 'TimeoutError')
  })

  test(`${name}: negative and endless delays are a mistake of the caller`, () => {
    const { clock } = make()
    for (const delayMs of [-1, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => clock.schedule(delayMs, () => {}), { name: 'AssertionError' })
    }
  })
}
