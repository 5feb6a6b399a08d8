import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventHeap } from '../../../../sim/model/event-heap.ts'

test('events come by time, and of one time in the order in which they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat({ max: 20 }), fc.constant(-1)), { maxLength: 3_000 }), (steps) => {
      const heap = new EventHeap()
      const expected: { atMs: number; subject: number }[] = []
      const take = (): void => {
        const next = expected.shift()
        assert.equal(heap.nextMs, next?.atMs ?? Number.POSITIVE_INFINITY)
        assert.equal(heap.take(), next !== undefined)
        if (next !== undefined) {
          assert.deepEqual([heap.atMs, heap.subject, heap.kind], [next.atMs, next.subject, next.subject % 3])
        }
      }
      steps.forEach((atMs, subject) => {
        if (atMs < 0) {
          take()
          return
        }
        heap.add(atMs, subject % 3, subject)
        const after = expected.findIndex((other) => other.atMs > atMs)
        expected.splice(after < 0 ? expected.length : after, 0, { atMs, subject })
      })
      while (expected.length > 0) {
        take()
      }
      take()
    }),
    { numRuns: 40 },
  )
})
