import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Key, type Query } from 'interface-datastore'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import {
  DATASTORE_FLUSH_MS,
  DATASTORE_PENDING_MAX,
  DATASTORE_ROWS_MAX,
  DATASTORE_VALUE_MAX_BYTES,
  StoreDatastore,
} from '../../../src/os/store-datastore.ts'
import { datastoreTable } from '../../../src/system/datastore-table.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

interface World {
  readonly clock: VirtualClock
  readonly store: MemoryStore
  readonly logger: RecordingLogger
  readonly datastore: StoreDatastore
}

function world(): World {
  const clock = new VirtualClock()
  const store = new MemoryStore({ version: 1, tables: [datastoreTable], upgrades: [] })
  const logger = new RecordingLogger()
  return { clock, store, logger, datastore: new StoreDatastore({ store, clock, logger }) }
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function keysOf(datastore: StoreDatastore, query: Query): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of datastore.query(query)) {
    keys.push(key.toString())
  }
  return keys
}

test('what is put can be got at once, and is on disk after a second', async () => {
  const { clock, store, datastore } = world()
  assert.equal(datastore.put(new Key('/peers/a'), bytes(1)).toString(), '/peers/a')
  assert.deepEqual(datastore.get(new Key('/peers/a')), bytes(1))
  assert.equal(store.read.count(datastoreTable), 0)
  await clock.advance(DATASTORE_FLUSH_MS)
  assert.deepEqual(store.read.get(datastoreTable, ['/peers/a'])?.value, bytes(1))
  assert.deepEqual(datastore.get(new Key('/peers/a')), bytes(1))
})

test('what is not there is not found', async () => {
  const { datastore } = world()
  assert.throws(() => datastore.get(new Key('/peers/a')), { name: 'NotFoundError' })
  assert.equal(datastore.has(new Key('/peers/a')), false)
})

test('what is deleted is gone at once, on disk too after a second', async () => {
  const { clock, store, datastore } = world()
  datastore.put(new Key('/peers/a'), bytes(1))
  await datastore.flush()
  datastore.delete(new Key('/peers/a'))
  assert.equal(datastore.has(new Key('/peers/a')), false)
  assert.throws(() => datastore.get(new Key('/peers/a')), { name: 'NotFoundError' })
  assert.deepEqual(await keysOf(datastore, {}), [])
  await clock.advance(DATASTORE_FLUSH_MS)
  assert.equal(store.read.count(datastoreTable), 0)
})

const queries: readonly { readonly title: string; readonly query: Query; readonly expected: readonly string[] }[] = [
  { title: 'everything', query: {}, expected: ['/a', '/b/1', '/b/2', '/b/3', '/bb', '/c'] },
  { title: 'a prefix', query: { prefix: '/b/' }, expected: ['/b/1', '/b/2', '/b/3'] },
  { title: 'a prefix without rows', query: { prefix: '/d' }, expected: [] },
  { title: 'a filter', query: { filters: [({ value }) => value[0] === 2] }, expected: ['/b/2'] },
  {
    title: 'an order, an offset and a limit',
    query: { orders: [(a, b) => (a.key.toString() < b.key.toString() ? 1 : -1)], offset: 1, limit: 2 },
    expected: ['/b/3', '/bb'],
  },
]
for (const { title, query, expected } of queries) {
  test(`a query finds ${title}, on disk and waiting`, async () => {
    const { datastore } = world()
    for (const [key, value] of [
      ['/a', 0],
      ['/b/1', 9],
      ['/b/3', 3],
      ['/gone', 7],
    ] as const) {
      datastore.put(new Key(key), bytes(value))
    }
    await datastore.flush()
    for (const [key, value] of [
      ['/b/1', 1],
      ['/b/2', 2],
      ['/bb', 4],
      ['/c', 5],
    ] as const) {
      datastore.put(new Key(key), bytes(value))
    }
    datastore.delete(new Key('/gone'))
    assert.deepEqual((await keysOf(datastore, query)).sort(), expected)
    const { filters, orders, ...forKeys } = query
    if (filters === undefined && orders === undefined) {
      const keys: string[] = []
      for await (const key of datastore.queryKeys(forKeys)) {
        keys.push(key.toString())
      }
      assert.deepEqual(keys.sort(), expected)
    }
  })
}

test('a query over more rows than one page gives each once', async () => {
  const { datastore } = world()
  for (let i = 0; i < 1000; i++) {
    datastore.put(new Key(`/peers/${i}`), bytes(1))
  }
  await datastore.flush()
  assert.equal(new Set(await keysOf(datastore, { prefix: '/peers' })).size, 1000)
})

test('batches and many-methods work as of every datastore', async () => {
  const { datastore } = world()
  const batch = datastore.batch()
  batch.put(new Key('/a'), bytes(1))
  batch.put(new Key('/b'), bytes(2))
  batch.delete(new Key('/a'))
  await batch.commit()
  assert.deepEqual(await keysOf(datastore, {}), ['/b'])
})

test('very many writes do not wait for the second', async () => {
  const { store, datastore } = world()
  for (let i = 0; i < DATASTORE_PENDING_MAX; i++) {
    datastore.put(new Key(`/peers/${i}`), bytes(1))
  }
  assert.equal(store.read.count(datastoreTable), DATASTORE_PENDING_MAX)
})

test('the rows written longest ago give way', async () => {
  const { clock, store, datastore } = world()
  datastore.put(new Key('/old'), bytes(1))
  await datastore.flush()
  await clock.advance(DATASTORE_FLUSH_MS)
  for (let i = 0; i < DATASTORE_ROWS_MAX; i++) {
    datastore.put(new Key(`/peers/${i}`), bytes(1))
  }
  await datastore.flush()
  assert.equal(store.read.count(datastoreTable), DATASTORE_ROWS_MAX)
  assert.equal(datastore.has(new Key('/old')), false)
  assert.equal(datastore.has(new Key('/peers/0')), true)
})

test('a value that is too large is refused', () => {
  const { datastore } = world()
  assert.throws(() => datastore.put(new Key('/a'), new Uint8Array(DATASTORE_VALUE_MAX_BYTES + 1)), RangeError)
})

test('what cannot be written is dropped with a line in the log, and the next is written', async () => {
  const { store, logger, datastore } = world()
  store.failNextCommit('full')
  datastore.put(new Key('/a'), bytes(1))
  await datastore.flush()
  assert.deepEqual(
    logger.lines.map(({ level, event }) => [level, event]),
    [['warn', 'peer data dropped']],
  )
  datastore.put(new Key('/b'), bytes(2))
  await datastore.flush()
  assert.deepEqual(await keysOf(datastore, {}), ['/b'])
})

test('after its stop it has written what waited and touches the store no more', async () => {
  const { store, logger, datastore } = world()
  datastore.put(new Key('/a'), bytes(1))
  await datastore.afterStop()
  assert.equal(store.read.count(datastoreTable), 1)
  await store.close()
  datastore.put(new Key('/b'), bytes(2))
  assert.equal(datastore.has(new Key('/a')), false)
  assert.deepEqual(await keysOf(datastore, {}), [])
  await datastore.flush()
  assert.deepEqual(logger.lines, [])
})
