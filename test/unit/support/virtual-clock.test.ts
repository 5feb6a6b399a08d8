import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../support/virtual-clock.ts'

test('timers of one time fire in the order in which they were scheduled, those of later times later', async () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  clock.schedule(10, () => fired.push('c'))
  clock.schedule(5, () => fired.push('a'))
  clock.schedule(5, () => fired.push('b'))
  await clock.advance(9)
  assert.deepEqual(fired, ['a', 'b'])
  assert.equal(clock.monotonicMs(), 9)
  await clock.advance(1)
  assert.deepEqual(fired, ['a', 'b', 'c'])
})

test('promises settle between two timers', async () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  void clock.sleep(1).then(async () => {
    await null
    await null
    seen.push('after the first')
    await clock.sleep(1)
    seen.push(`at ${clock.monotonicMs()}`)
  })
  clock.schedule(1, () => seen.push('second timer'))
  await clock.advance(10)
  assert.deepEqual(seen, ['after the first', 'second timer', 'at 2'])
})

test('the wall clock may jump without touching timers', async () => {
  const clock = new VirtualClock()
  let fired = false
  clock.schedule(10, () => {
    fired = true
  })
  clock.setWallMs(Date.UTC(2030, 0, 1))
  assert.equal(clock.wallMs(), Date.UTC(2030, 0, 1))
  await clock.advance(9)
  assert.equal(clock.wallMs(), Date.UTC(2030, 0, 1) + 9)
  assert.equal(fired, false)
  clock.setWallMs(Date.UTC(2020, 0, 1))
  await clock.advance(1)
  assert.equal(fired, true)
})

test('runUntil stops at the moment the predicate holds, and throws when it never does', async () => {
  const clock = new VirtualClock()
  let count = 0
  const tick = (): void => {
    count += 1
    clock.schedule(100, tick)
  }
  clock.schedule(100, tick)
  await clock.runUntil(() => count === 3)
  assert.equal(clock.monotonicMs(), 300)
  await assert.rejects(
    clock.runUntil(() => count === 1_000, 500),
    /did not come true within 500 ms/,
  )
})

test('a rejected promise that is run rejects the run', async () => {
  const clock = new VirtualClock()
  const failing = clock.sleep(5).then(() => {
    throw new Error('expected')
  })
  await assert.rejects(clock.run(failing), /expected/)
})
