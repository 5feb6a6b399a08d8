import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { MemoryStore } from '../../sim/system/memory-store.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { type Schema, StoreError } from '../../src/system/store.ts'
import { type StoreUnderTest, storeContract } from './store.ts'

storeContract('SqliteStore', async (t: TestContext, schema: Schema): Promise<StoreUnderTest> => {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-store-'))
  let fails = false
  const options = {
    beforeCommit: () => {
      if (fails) {
        fails = false
        throw new StoreError('full', 'no space left on the test')
      }
    },
  }
  const path = join(folder, 'kabber.db')
  const first = openSqliteStore(path, schema, options)
  let store = first
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return {
    store: first,
    reopen: async (later = schema) => {
      await store.close()
      store = openSqliteStore(path, later, options)
      return store
    },
    failNextCommit: () => {
      fails = true
    },
  }
})

storeContract('MemoryStore', async (t: TestContext, schema: Schema): Promise<StoreUnderTest> => {
  const first = new MemoryStore(schema)
  let store = first
  t.after(() => store.close())
  return {
    store: first,
    reopen: async (later = schema) => {
      await store.close()
      store = store.reopen(later)
      return store
    },
    failNextCommit: () => store.failNextCommit(),
  }
})
