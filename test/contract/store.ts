import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Schema, type Store, StoreError, type Transaction } from '../../src/system/store.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { rangeContract } from './store-ranges.ts'
import {
  blobs,
  counters,
  folders,
  letter,
  letters,
  lettersOfVersion2,
  schema,
  schemaOfVersion2,
} from './store-tables.ts'

export interface StoreUnderTest {
  readonly store: Store
  /** Closes the store opened last and opens it again, maybe as a later program does. */
  reopen(schema?: Schema): Promise<Store>
  /** Makes the next commit fail as if the disk were full. */
  failNextCommit(): void
}

/** Opens an empty store and has it cleaned up after the test. */
export type OpenStore = (t: TestContext, schema: Schema) => Promise<StoreUnderTest>

/** What every `Store` promises. */
export function storeContract(name: string, open: OpenStore): void {
  describe(name, () => {
    transactionContract(open)
    failureContract(open)
    misuseContract(open)
    lifeContract(open)
    rangeContract(async (t) => (await open(t, schema)).store)
  })
}

function transactionContract(open: OpenStore): void {
  test('a transaction runs at once and resolves with what its function returned', async (t) => {
    const { store } = await open(t, schema)
    let ran = false
    const result = store.transaction((tx) => {
      ran = true
      tx.put(counters, { id: 1, value: 10 })
      return tx.get(counters, [1])?.value
    })
    assert.ok(ran)
    assert.equal(await result, 10)
  })

  test('what a transaction wrote is visible to every later call, before it is on disk', async (t) => {
    const { store } = await open(t, schema)
    let durable = false
    const first = store
      .transaction((tx) => tx.put(counters, { id: 1, value: 10 }))
      .then(() => {
        durable = true
      })
    assert.deepEqual(store.read.get(counters, [1]), { id: 1, value: 10 })
    assert.equal(await store.transaction((tx) => tx.count(counters)), 1)
    await first
    assert.ok(durable)
  })

  test('a transaction that read what is not yet on disk resolves after it is', async (t) => {
    const { store } = await open(t, schema)
    const order: string[] = []
    const write = store.transaction((tx) => tx.put(counters, { id: 1, value: 10 })).then(() => order.push('write'))
    const read = store.transaction((tx) => tx.get(counters, [1])).then(() => order.push('read'))
    await Promise.resolve()
    assert.deepEqual(order, [])
    await Promise.all([write, read])
    assert.deepEqual(order, ['write', 'read'])
  })

  test('a put replaces the row with the same key, in every order', async (t) => {
    const { store } = await open(t, schema)
    await store.transaction((tx) => {
      tx.put(letters, letter('a', 1, { day: 5, body: 'old' }))
      tx.put(letters, letter('a', 1, { day: 3, body: 'new' }))
    })
    assert.deepEqual(store.read.list(letters), [letter('a', 1, { day: 3, body: 'new' })])
    assert.deepEqual(store.read.list(letters, { index: 'by_day', prefix: [5] }), [])
    assert.equal(store.read.count(letters, { index: 'by_day', prefix: [3] }), 1)
  })

  test('every kind of value comes back as it went in', async (t) => {
    const { store } = await open(t, schema)
    const id = Uint8Array.of(0, 255, 128)
    await store.transaction((tx) => {
      tx.put(blobs, { id, content: new Uint8Array(0), note: null })
      tx.put(
        letters,
        letter('\u0000\u{1f600}é\uffff', -1, { sender: '', body: 'a\u0000b', day: Number.MAX_SAFE_INTEGER }),
      )
      tx.put(counters, { id: Number.MIN_SAFE_INTEGER, value: -0 })
    })
    assert.deepEqual(store.read.get(blobs, [id]), { id, content: new Uint8Array(0), note: null })
    assert.deepEqual(
      store.read.get(letters, ['\u0000\u{1f600}é\uffff', -1]),
      letter('\u0000\u{1f600}é\uffff', -1, { sender: '', body: 'a\u0000b', day: Number.MAX_SAFE_INTEGER }),
    )
    assert.deepEqual(store.read.get(counters, [Number.MIN_SAFE_INTEGER]), { id: Number.MIN_SAFE_INTEGER, value: 0 })
  })

  test('rows are copies: changing one changes nothing in the store', async (t) => {
    const { store } = await open(t, schema)
    const row = { id: Uint8Array.of(1), content: Uint8Array.of(2), note: null }
    await store.transaction((tx) => tx.put(blobs, row))
    row.content[0] = 9
    const read = store.read.get(blobs, [Uint8Array.of(1)])
    assert.equal(read?.content[0], 2)
    read?.content.fill(7)
    assert.equal(store.read.get(blobs, [Uint8Array.of(1)])?.content[0], 2)
  })

  test('delete tells whether there was a row', async (t) => {
    const { store } = await open(t, schema)
    const deleted = await store.transaction((tx) => {
      tx.put(counters, { id: 1, value: 10 })
      return [tx.delete(counters, [1]), tx.delete(counters, [1])]
    })
    assert.deepEqual(deleted, [true, false])
    assert.equal(store.read.get(counters, [1]), undefined)
  })
}

function failureContract(open: OpenStore): void {
  test('a function that throws takes back its own writes and nothing else', async (t) => {
    const { store, reopen } = await open(t, schema)
    const fault = new Error('changed my mind')
    const before = store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    const thrown = store.transaction((tx) => {
      tx.put(counters, { id: 1, value: 2 })
      tx.put(counters, { id: 2, value: 2 })
      tx.deleteRange(counters, { from: 2 })
      throw fault
    })
    const after = store.transaction((tx) => tx.put(counters, { id: 3, value: 3 }))
    await assert.rejects(thrown, (error) => error === fault)
    await Promise.all([before, after])
    const expected = [
      { id: 1, value: 1 },
      { id: 3, value: 3 },
    ]
    assert.deepEqual(store.read.list(counters), expected)
    assert.deepEqual((await reopen()).read.list(counters), expected)
  })

  test('the first function of a turn may throw and the next succeed', async (t) => {
    const { store, reopen } = await open(t, schema)
    const thrown = store.transaction((tx) => {
      tx.put(counters, { id: 1, value: 1 })
      throw new Error('no')
    })
    const kept = store.transaction((tx) => tx.put(counters, { id: 2, value: 2 }))
    await assert.rejects(thrown, /^Error: no$/)
    await kept
    assert.deepEqual((await reopen()).read.list(counters), [{ id: 2, value: 2 }])
  })

  test('when a commit fails, all that shared it is undone and rejects, and the store lives on', async (t) => {
    const { store, failNextCommit, reopen } = await open(t, schema)
    await store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    failNextCommit()
    const turn = [
      store.transaction((tx) => tx.put(counters, { id: 1, value: 2 })),
      store.transaction((tx) => tx.put(counters, { id: 2, value: 2 })),
      store.transaction((tx) => tx.get(counters, [2])),
      store.transaction((tx) => {
        throw new Error(`seen ${tx.count(counters)}`)
      }),
    ]
    for (const result of await Promise.allSettled(turn)) {
      assert.ok(result.status === 'rejected' && result.reason instanceof StoreError, String(result.status))
      assert.equal(result.reason.failure, 'full')
    }
    assert.deepEqual(store.read.list(counters), [{ id: 1, value: 1 }])
    await store.transaction((tx) => tx.put(counters, { id: 3, value: 3 }))
    assert.deepEqual((await reopen()).read.list(counters), [
      { id: 1, value: 1 },
      { id: 3, value: 3 },
    ])
  })
}

function misuseContract(open: OpenStore): void {
  const misuses: Record<string, (tx: Transaction) => unknown> = {
    'a row that lacks a column': (tx) => tx.put(counters, { id: 1 } as never),
    'a row with a column too many': (tx) => tx.put(counters, { id: 1, value: 1, more: 1 } as never),
    'a null where none may be': (tx) => tx.put(counters, { id: 1, value: null } as never),
    'a fraction': (tx) => tx.put(counters, { id: 1, value: 0.5 }),
    'an unsafe integer': (tx) => tx.put(counters, { id: 1, value: 2 ** 53 }),
    'a number for text': (tx) => tx.put(letters, letter('a', 1, { sender: 1 as never })),
    'a lone surrogate': (tx) => tx.put(letters, letter('a\ud800', 1)),
    'a string for bytes': (tx) => tx.get(blobs, ['a']),
    'a key too short': (tx) => tx.get(letters, ['a']),
    'an unknown index': (tx) => tx.list(letters, { index: 'by_weight' as never }),
    'a prefix too long': (tx) => tx.list(letters, { index: 'by_day', prefix: [1, 2] }),
    'a bound beyond the last column': (tx) => tx.list(letters, { index: 'by_day', prefix: [1], from: 1 }),
    'a bound of another type': (tx) => tx.list(letters, { index: 'by_day', from: 'monday' }),
    'a negative limit': (tx) => tx.list(letters, { limit: -1 }),
    'deleteRange with a limit': (tx) => tx.deleteRange(letters, { limit: 1 }),
    'a table of another schema': (tx) => tx.list(folders),
    'a promise': async () => {},
  }
  for (const [what, misuse] of Object.entries(misuses)) {
    test(`an assertion stops ${what}`, async (t) => {
      const { store } = await open(t, schema)
      await assert.rejects(store.transaction(misuse), AssertionError)
      await store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    })
  }

  test('an assertion stops a transaction inside a transaction', async (t) => {
    const { store } = await open(t, schema)
    await assert.rejects(
      store.transaction(() => void store.transaction(() => {})),
      AssertionError,
    )
  })

  test('an assertion stops the use of a transaction that has ended', async (t) => {
    const { store } = await open(t, schema)
    const kept = await store.transaction((tx) => tx)
    assert.throws(() => kept.count(counters), AssertionError)
    assert.throws(() => kept.put(counters, { id: 1, value: 1 }), AssertionError)
  })
}

function lifeContract(open: OpenStore): void {
  test('what was resolved is there when the store is opened again', async (t) => {
    const { store, reopen } = await open(t, schema)
    await store.transaction((tx) => tx.put(letters, letter('a', 1)))
    const second = await reopen()
    assert.deepEqual(second.read.list(letters), [letter('a', 1)])
    await second.transaction((tx) => tx.put(letters, letter('a', 2)))
    assert.equal((await reopen()).read.count(letters), 2)
  })

  test('close waits for the running commit, and closes once however often it is asked', async (t) => {
    const { store, reopen } = await open(t, schema)
    let resolved = false
    const write = store
      .transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
      .then(() => {
        resolved = true
      })
    await Promise.all([store.close(), store.close()])
    await write
    assert.ok(resolved)
    await store.close()
    assert.equal((await reopen()).read.count(counters), 1)
  })

  test('a closed store answers everything with a closed error', async (t) => {
    const { store } = await open(t, schema)
    await store.close()
    const isClosed = (error: unknown): boolean => error instanceof StoreError && error.failure === 'closed'
    await assert.rejects(
      store.transaction(() => {}),
      isClosed,
    )
    assert.throws(() => store.read.get(counters, [1]), isClosed)
    assert.throws(() => store.read.list(counters), isClosed)
    assert.throws(() => store.read.count(counters), isClosed)
  })

  test('a later program finds its new columns filled, its new tables there and its upgrades run once', async (t) => {
    const { store, reopen } = await open(t, schema)
    await store.transaction((tx) => {
      tx.put(letters, letter('a', 1, { day: 7 }))
      tx.put(blobs, { id: Uint8Array.of(1), content: Uint8Array.of(2), note: 'n' })
    })
    const upgraded = await reopen(schemaOfVersion2)
    const added = { read: 0, seal: new Uint8Array(0), folder: 'inbox', thread: null }
    const expected = [{ ...letter('a', 1, { day: 7 }), ...added }]
    assert.deepEqual(upgraded.read.list(lettersOfVersion2, { index: 'by_folder', prefix: ['inbox'] }), expected)
    assert.deepEqual(upgraded.read.list(folders), [{ name: 'inbox', size: 1 }])
    assert.equal(upgraded.read.count(blobs), 1)
    await upgraded.transaction((tx) => tx.put(folders, { name: 'inbox', size: 99 }))
    assert.deepEqual((await reopen(schemaOfVersion2)).read.list(folders), [{ name: 'inbox', size: 99 }])
  })
}
