import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AsyncQueue } from '../../../src/util/async-queue.ts'

const byLength = { maxItems: 3, maxSize: 10, sizeOf: (item: string): number => item.length }

async function collect(queue: AsyncQueue<string>): Promise<string[]> {
  const items: string[] = []
  for await (const item of queue) {
    items.push(item)
  }
  return items
}

test('items come out in the order in which they went in, also those that wait when the queue ends', async () => {
  const queue = new AsyncQueue(byLength)
  queue.push('a')
  const collected = collect(queue)
  await Promise.resolve()
  queue.push('b')
  queue.push('c')
  queue.end()
  assert.deepEqual(await collected, ['a', 'b', 'c'])
})

test('a push beyond the number of items is refused and changes nothing', () => {
  const queue = new AsyncQueue(byLength)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((item) => queue.push(item)),
    [true, true, true, false],
  )
  assert.equal(queue.length, 3)
})

test('a push beyond the size is refused and changes nothing', () => {
  const queue = new AsyncQueue(byLength)
  assert.equal(queue.push('123456789'), true)
  assert.equal(queue.push('12'), false)
  assert.equal(queue.push('1'), true)
  assert.equal(queue.size, 10)
})

test('a queue that ended takes nothing more', () => {
  const queue = new AsyncQueue(byLength)
  queue.end()
  assert.equal(queue.push('a'), false)
})

test('a failure drops what waits and reaches the consumer', async () => {
  const queue = new AsyncQueue(byLength)
  queue.push('a')
  queue.fail(new Error('gone'))
  assert.equal(queue.length, 0)
  await assert.rejects(collect(queue), /gone/)
})

test('a failure reaches a consumer that waits', async () => {
  const queue = new AsyncQueue(byLength)
  const collected = collect(queue)
  await Promise.resolve()
  queue.fail(new Error('gone'))
  await assert.rejects(collected, /gone/)
})

test('a consumer that leaves the iteration ends the queue', async () => {
  const queue = new AsyncQueue(byLength)
  queue.push('a')
  queue.push('b')
  for await (const _ of queue) {
    break
  }
  assert.equal(queue.push('c'), false)
  assert.equal(queue.length, 0)
})

test('a second consumer is a programmer error', async () => {
  const queue = new AsyncQueue(byLength)
  queue.end()
  await collect(queue)
  await assert.rejects(collect(queue), /one consumer/)
})

test('draining takes items until their sizes reach the limit', () => {
  const queue = new AsyncQueue(byLength)
  queue.push('aa')
  queue.push('bb')
  queue.push('cc')
  assert.deepEqual(queue.drain(3), ['aa', 'bb'])
  assert.deepEqual(queue.drain(0), [])
  assert.deepEqual(queue.drain(100), ['cc'])
  assert.equal(queue.size, 0)
})

test('size and length are those of a plain list, whatever is pushed and drained', () => {
  const step = fc.oneof(
    fc.record({ push: fc.string({ maxLength: 5 }) }),
    fc.record({ drain: fc.integer({ min: 0, max: 8 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new AsyncQueue({ ...byLength, maxItems: 5, maxSize: 12 })
      const model: string[] = []
      for (const one of steps) {
        if ('push' in one) {
          const size = model.join('').length
          const fits = model.length < 5 && size + one.push.length <= 12
          assert.equal(queue.push(one.push), fits)
          model.push(...(fits ? [one.push] : []))
        } else {
          const taken = queue.drain(one.drain)
          assert.deepEqual(taken, model.splice(0, taken.length))
        }
        assert.equal(queue.length, model.length)
        assert.equal(queue.size, model.join('').length)
      }
    }),
  )
})
