import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Range, Store, Transaction } from '../../src/system/store.ts'
import { modelContract } from './store-model.ts'
import { blobs, counters, letter, letters } from './store-tables.ts'

/** What every `Store` promises of orders and ranges. */
export function rangeContract(open: (t: TestContext) => Promise<Store>): void {
  describe('ranges', () => {
    test('rows come in the order of their key', async (t) => {
      const store = await open(t)
      await store.transaction((tx) => {
        for (const number of [10, 9, -1, 0, 2]) {
          tx.put(letters, letter('b', number))
          tx.put(letters, letter('a', number))
        }
      })
      const keys = store.read.list(letters).map(({ box, number }) => `${box}${number}`)
      assert.deepEqual(keys, ['a-1', 'a0', 'a2', 'a9', 'a10', 'b-1', 'b0', 'b2', 'b9', 'b10'])
    })

    test('text is ordered by its UTF-8 bytes', async (t) => {
      const store = await open(t)
      // By UTF-16 units the emoji would come before U+FF5E.
      const boxes = ['', '\u0000', 'A', 'B', 'a', 'aa', 'é', '\uff5e', '\u{1f600}']
      await store.transaction((tx) => {
        for (const box of boxes.toReversed()) {
          tx.put(letters, letter(box, 1))
        }
      })
      assert.deepEqual(
        store.read.list(letters).map(({ box }) => box),
        boxes,
      )
    })

    test('bytes are ordered lexicographically', async (t) => {
      const store = await open(t)
      const ids = [[], [0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0]].map((id) => Uint8Array.from(id))
      await store.transaction((tx) => {
        for (const id of ids.toReversed()) {
          tx.put(blobs, { id, content: id, note: null })
        }
      })
      assert.deepEqual(
        store.read.list(blobs).map(({ id }) => id),
        ids,
      )
      assert.deepEqual(
        store.read
          .list(blobs, { index: 'by_content', after: Uint8Array.of(0), to: Uint8Array.of(1) })
          .map(({ id }) => id),
        ids.slice(2, 5),
      )
    })

    for (const { title, range, expected } of examples) {
      test(title, async (t) => {
        const store = await open(t)
        await store.transaction(fill)
        assert.deepEqual(
          store.read.list(letters, range).map(({ box, number }) => `${box}${number}`),
          expected,
        )
        assert.equal(store.read.count(letters, range), expected.length)
      })
    }

    test('deleteRange deletes what list lists, and tells how many', async (t) => {
      const store = await open(t)
      const range = { index: 'by_sender', prefix: ['juliet'], from: 2 } as const
      const [listed, deleted] = await store.transaction((tx) => {
        fill(tx)
        return [tx.list(letters, range), tx.deleteRange(letters, range)]
      })
      assert.equal(deleted, listed.length)
      assert.equal(store.read.count(letters), 6 - deleted)
      assert.equal(store.read.count(letters, range), 0)
    })

    test('deleteRange over everything empties one table only', async (t) => {
      const store = await open(t)
      await store.transaction((tx) => {
        fill(tx)
        tx.put(counters, { id: 1, value: 1 })
        assert.equal(tx.deleteRange(letters, {}), 6)
      })
      assert.equal(store.read.count(letters), 0)
      assert.equal(store.read.count(counters), 1)
    })

    modelContract(open)
  })
}

interface Example {
  readonly title: string
  readonly range: Range<typeof letters>
  readonly expected: readonly string[]
}

/** Key, sender and day of six letters: a1 juliet 1, a2 romeo 3, a3 juliet 2, b1 juliet 3, b2 romeo 1, b3 juliet 2. */
function fill(tx: Transaction): void {
  tx.put(letters, letter('a', 1, { sender: 'juliet', day: 1 }))
  tx.put(letters, letter('a', 2, { sender: 'romeo', day: 3 }))
  tx.put(letters, letter('a', 3, { sender: 'juliet', day: 2 }))
  tx.put(letters, letter('b', 1, { sender: 'juliet', day: 3 }))
  tx.put(letters, letter('b', 2, { sender: 'romeo', day: 1 }))
  tx.put(letters, letter('b', 3, { sender: 'juliet', day: 2 }))
}

const examples: readonly Example[] = [
  { title: 'a prefix selects the rows that begin with it', range: { prefix: ['b'] }, expected: ['b1', 'b2', 'b3'] },
  { title: 'a prefix may be the whole key', range: { prefix: ['b', 2] }, expected: ['b2'] },
  { title: 'a prefix without rows gives none', range: { prefix: ['c'] }, expected: [] },
  { title: 'from includes its value', range: { prefix: ['a'], from: 2 }, expected: ['a2', 'a3'] },
  { title: 'after excludes its value', range: { prefix: ['a'], after: 2 }, expected: ['a3'] },
  { title: 'to includes its value', range: { prefix: ['a'], to: 2 }, expected: ['a1', 'a2'] },
  { title: 'before excludes its value', range: { prefix: ['a'], before: 2 }, expected: ['a1'] },
  { title: 'after skips every row of its value', range: { after: 'a' }, expected: ['b1', 'b2', 'b3'] },
  { title: 'bounds combine', range: { prefix: ['a'], after: 1, before: 3 }, expected: ['a2'] },
  { title: 'crossed bounds give nothing', range: { prefix: ['a'], after: 2, before: 2 }, expected: [] },
  { title: 'reverse turns the order round', range: { prefix: ['a'], reverse: true }, expected: ['a3', 'a2', 'a1'] },
  { title: 'a limit takes the first', range: { limit: 2 }, expected: ['a1', 'a2'] },
  { title: 'a limit of none gives none', range: { limit: 0 }, expected: [] },
  { title: 'a limit takes the last in reverse', range: { reverse: true, limit: 2 }, expected: ['b3', 'b2'] },
  {
    title: 'an index orders by its columns, then by the key',
    range: { index: 'by_day' },
    expected: ['a1', 'b2', 'a3', 'b3', 'a2', 'b1'],
  },
  {
    title: 'an index in reverse turns its ties round too',
    range: { index: 'by_day', reverse: true },
    expected: ['b1', 'a2', 'b3', 'a3', 'b2', 'a1'],
  },
  {
    title: 'an index takes a prefix and a bound',
    range: { index: 'by_sender', prefix: ['juliet'], from: 2 },
    expected: ['a3', 'b3', 'b1'],
  },
]
