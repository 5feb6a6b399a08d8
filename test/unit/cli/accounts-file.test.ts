import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAccounts } from '../../../cli/node/accounts-file.ts'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { writeOwnKeys } from '../../../src/node/own-keys.ts'
import { nodeSchema } from '../../../src/schema.ts'

test('accounts of a file are made once, and the owner of the home stays the first', async () => {
  const random = new SeededRandom('accounts')
  const store = new MemoryStore(nodeSchema)
  const owner = { key: AccountKey.fromSeed(random.bytes(32)), nickname: 'Owner' }
  const keys = { node: NodeKey.fromSeed(random.bytes(32)), accounts: [owner] }
  await writeOwnKeys(store, keys)
  const wanted = Array.from({ length: 16 }, (_, index) => ({ name: `user${index}`, password: 'x' }))
  const made = await makeAccounts(store, keys, wanted)
  assert.equal(made.accounts.length, 17)
  assert.equal(made.accounts[0]?.key.address, owner.key.address)
  const again = await makeAccounts(store, made, wanted.slice(0, 3))
  assert.deepEqual(
    new Set(again.accounts.map(({ key }) => key.address)),
    new Set(made.accounts.map(({ key }) => key.address)),
  )
  await store.close()
})
