import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Backoff } from '../../../src/util/backoff.ts'

const highest = { uniform: (bound: number) => bound - 1 }
const lowest = { uniform: () => 0 }

describe('a backoff', () => {
  it('doubles from its minimum to its maximum and starts again after a reset', () => {
    const backoff = new Backoff(highest, { minMs: 100, maxMs: 500 })
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [100, 200, 400, 500])
    backoff.reset()
    assert.equal(backoff.next(), 100)
  })

  it('draws the upper half of each waiting time at random', () => {
    const backoff = new Backoff(lowest, { minMs: 100, maxMs: 500, factor: 5 })
    assert.deepEqual([backoff.next(), backoff.next()], [50, 250])
  })

  it('stays within its bounds and whole whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (minMs, moreMs, factor, draw) => {
          const random = { uniform: (bound: number) => Math.floor(draw * bound) }
          const backoff = new Backoff(random, { minMs, maxMs: minMs + moreMs, factor })
          for (let i = 0; i < 12; i++) {
            const waitMs = backoff.next()
            assert.ok(Number.isInteger(waitMs) && waitMs >= minMs / 2 && waitMs <= minMs + moreMs, String(waitMs))
          }
        },
      ),
    )
  })
})
