import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProofWork } from '../../../src/node/proof-work.ts'
import { Turns } from '../../../src/node/turns.ts'
import { verifyWork } from '../../../src/sealing/proof-of-work.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

/** A clock by which every piece of work takes some time. */
function busyClock(): { clock: VirtualClock; work: (ms: number) => void; blockedMs: () => number } {
  const clock = new VirtualClock()
  let spentMs = 0
  let turnMs = 0
  let longestMs = 0
  const monotonicMs = (): number => spentMs
  const schedule = (delayMs: number, fn: () => void): ReturnType<VirtualClock['schedule']> =>
    VirtualClock.prototype.schedule.call(clock, delayMs, () => {
      turnMs = 0
      fn()
    })
  const work = (ms: number): void => {
    spentMs += ms
    turnMs += ms
    longestMs = Math.max(longestMs, turnMs)
  }
  return { clock: Object.assign(clock, { monotonicMs, schedule }), work, blockedMs: () => longestMs }
}

test('pieces of computation leave the event loop to others every few milliseconds', async () => {
  const { clock, work, blockedMs } = busyClock()
  const turns = new Turns(clock)
  const order: number[] = []
  const done = Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      turns.run(() => {
        work(1)
        order.push(i)
        return i
      }),
    ),
  )
  assert.deepEqual(await clock.run(done), order)
  assert.deepEqual(
    order,
    [...order].sort((one, other) => one - other),
  )
  assert.ok(blockedMs() <= 5, `${blockedMs()} ms`)
  const failing = turns.run(() => {
    throw new Error('no')
  })
  await assert.rejects(clock.run(failing), /no/)
  await clock.advance(1)
  assert.equal(clock.pendingTimers, 0)
})

test('a proof of work is found in steps and can be given up', async () => {
  const clock = new VirtualClock()
  const work = new ProofWork(clock)
  const target = { mailbox: new Uint8Array(32), letterId: new Uint8Array(32).fill(7) }
  const never = new AbortController().signal
  const nonce = await clock.run(work.find(target, 16, never))
  assert.ok(nonce !== undefined && verifyWork(target, nonce, 16))
  const abort = new AbortController()
  const hopeless = work.find(target, 24, abort.signal)
  const next = work.find(target, 12, never)
  await Promise.resolve()
  abort.abort(new Error('given up'))
  await assert.rejects(hopeless, /given up/)
  const found = await clock.run(next)
  assert.ok(found !== undefined && verifyWork(target, found, 12))
  assert.equal(clock.pendingTimers, 0)
})
