import { AccountKey } from '../identity/account-key.ts'
import { NodeKey } from '../identity/node-key.ts'
import type { Reader, Store } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { ownKeysTable } from './tables/own-keys.ts'

/** An account of this home and the nickname it shows to others. */
export interface OwnAccount {
  readonly key: AccountKey
  readonly nickname: string | undefined
}

/** The keys of a home. */
export interface OwnKeys {
  readonly node: NodeKey
  /** The accounts served here; none on a node that only serves others. */
  readonly accounts: readonly OwnAccount[]
}

/** The keys kept in a store, or undefined while it has none. */
export function readOwnKeys(reader: Reader): OwnKeys | undefined {
  const [node] = reader.list(ownKeysTable, { prefix: ['node'], limit: 1 })
  if (node === undefined) {
    return undefined
  }
  const accounts = reader.list(ownKeysTable, { prefix: ['account'] })
  return {
    node: NodeKey.fromSeed(node.seed),
    accounts: accounts.map((row) => ({ key: AccountKey.fromSeed(row.seed), nickname: row.nickname ?? undefined })),
  }
}

/**
 * Adds an account to a home that has keys, or gives one it has another nickname; resolves when it is on disk. A node
 * serves it from its next start.
 */
export async function addOwnAccount(store: Store, { key, nickname }: OwnAccount): Promise<void> {
  await store.transaction((transaction) => {
    assert(transaction.count(ownKeysTable, { prefix: ['node'] }) === 1, 'a home without keys is not initialised')
    transaction.put(ownKeysTable, { kind: 'account', id: key.address, seed: key.seed, nickname: nickname ?? null })
  })
}

/** Keeps the keys of a new home; resolves when they are on disk. A home that has keys is never overwritten. */
export async function writeOwnKeys(store: Store, keys: OwnKeys): Promise<void> {
  await store.transaction((transaction) => {
    assert(transaction.count(ownKeysTable) === 0, 'a home gets its keys once')
    transaction.put(ownKeysTable, { kind: 'node', id: keys.node.peerId, seed: keys.node.seed, nickname: null })
    for (const { key, nickname } of keys.accounts) {
      transaction.put(ownKeysTable, { kind: 'account', id: key.address, seed: key.seed, nickname: nickname ?? null })
    }
  })
}
