import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RateLimiter } from '../../../src/util/rate-limiter.ts'

function setUp(options: { capacity: number; refillPerSecond: number; maxKeys: number }) {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs }
  return { clock, limiter: new RateLimiter(clock, options) }
}

describe('a rate limiter', () => {
  it('grants a burst of its capacity and then only what has refilled', () => {
    const { clock, limiter } = setUp({ capacity: 3, refillPerSecond: 2, maxKeys: 10 })
    assert.deepEqual(
      [1, 2, 3, 4].map(() => limiter.take('alice')),
      [true, true, true, false],
    )
    clock.nowMs = 499
    assert.equal(limiter.take('alice'), false)
    clock.nowMs = 500
    assert.equal(limiter.take('alice'), true)
    assert.equal(limiter.take('alice'), false)
  })

  it('never fills a bucket above its capacity', () => {
    const { clock, limiter } = setUp({ capacity: 2, refillPerSecond: 100, maxKeys: 10 })
    limiter.take('alice')
    clock.nowMs = 3_600_000
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.take('alice')),
      [true, true, false],
    )
  })

  it('gives every key a bucket of its own', () => {
    const { limiter } = setUp({ capacity: 1, refillPerSecond: 1, maxKeys: 10 })
    assert.equal(limiter.take('alice'), true)
    assert.equal(limiter.take('bob'), true)
    assert.equal(limiter.take('alice'), false)
  })

  it('takes nothing when it cannot take all', () => {
    const { limiter } = setUp({ capacity: 5, refillPerSecond: 1, maxKeys: 10 })
    assert.equal(limiter.take('alice', 6), false)
    assert.equal(limiter.take('alice', 5), true)
  })

  it('keeps no more buckets than it may and forgets the one unused longest', () => {
    const { limiter } = setUp({ capacity: 1, refillPerSecond: 0.001, maxKeys: 2 })
    limiter.take('alice')
    limiter.take('bob')
    limiter.take('alice')
    limiter.take('carol')
    assert.equal(limiter.size, 2)
    assert.equal(limiter.take('alice'), false, 'alice was used after bob')
    for (let i = 0; i < 10_000; i++) {
      limiter.take(`stranger ${i}`)
    }
    assert.equal(limiter.size, 2)
  })
})
