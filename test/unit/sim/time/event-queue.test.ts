import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventQueue, type QueuedEvent } from '../../../../sim/time/event-queue.ts'

test('events come out by time, then in the order they went in; cancelled ones do not', () => {
  const step = fc.record({ atMs: fc.integer({ min: 0, max: 50 }), cancels: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new EventQueue()
      const ran: number[] = []
      const added: QueuedEvent[] = steps.map(({ atMs }, index) => queue.add(atMs, () => ran.push(index)))
      steps.forEach(({ cancels }, index) => {
        if (cancels) {
          queue.cancel(added[index] as QueuedEvent)
          queue.cancel(added[index] as QueuedEvent)
        }
      })
      const expected = steps
        .map(({ atMs, cancels }, index) => ({ atMs, cancels, index }))
        .filter(({ cancels }) => !cancels)
        .sort((left, right) => left.atMs - right.atMs || left.index - right.index)
      assert.equal(queue.size, expected.length)
      for (let event = queue.take(); event !== undefined; event = queue.take()) {
        event.fn()
      }
      assert.deepEqual(
        ran,
        expected.map(({ index }) => index),
      )
      assert.equal(queue.size, 0)
    }),
  )
})

test('thousands of cancelled events leave the queue and the rest keeps its order', () => {
  const queue = new EventQueue()
  const events = Array.from({ length: 20_000 }, (_, index) => queue.add(20_000 - index, () => {}))
  for (const event of events.slice(0, 19_990)) {
    queue.cancel(event)
  }
  assert.equal(queue.size, 10)
  const times: number[] = []
  for (let event = queue.take(); event !== undefined; event = queue.take()) {
    times.push(event.atMs)
  }
  assert.deepEqual(times, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('clear leaves nothing, and what was in it cannot be cancelled twice into the books', () => {
  const queue = new EventQueue()
  const event = queue.add(1, () => {})
  queue.clear()
  queue.cancel(event)
  assert.equal(queue.size, 0)
  assert.equal(queue.take(), undefined)
})
