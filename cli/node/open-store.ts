import { NodeKey, nodeSchema, type OwnKeys, readOwnKeys, type Store, writeOwnKeys } from '../../src/index.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { type Home, makeHome } from '../find-home.ts'
import { makeAccounts, type NamedAccount } from './accounts-file.ts'

/** Bytes of an Ed25519 seed. */
const SEED_BYTES = 32

/** The store of a home, locked by this process, and the keys in it. */
export interface OpenedStore {
  readonly store: Store
  readonly keys: OwnKeys
}

/**
 * Opens the store of a home with an account; those of `accounts` are made if need be.
 *
 * @throws CliError or StoreError
 */
export async function openStore(home: Home, accounts: readonly NamedAccount[]): Promise<OpenedStore> {
  if (!home.exists()) {
    throw noAccount(home)
  }
  const store = openSqliteStore(home.storePath, nodeSchema)
  const keys = readOwnKeys(store.read)
  if (keys === undefined || keys.accounts.length + accounts.length === 0) {
    await store.close()
    throw keys === undefined ? noAccount(home) : homeOfRelay(home)
  }
  return { store, keys: await makeAccounts(store, keys, accounts) }
}

/**
 * Opens the store of a relay, whose home has a node key and nothing else; made when there is none.
 *
 * @throws CliError or StoreError
 */
export async function openRelayStore(home: Home): Promise<OpenedStore> {
  makeHome(home)
  const store = openSqliteStore(home.storePath, nodeSchema)
  const keys = readOwnKeys(store.read) ?? { node: NodeKey.fromSeed(new OsRandom().bytes(SEED_BYTES)), accounts: [] }
  if (keys.accounts.length > 0) {
    await store.close()
    throw new CliError(
      EXIT_CODES.failed,
      'conflict',
      `${home.path} is the home of an account; a relay has a home of its own: choose another folder with --home`,
    )
  }
  if (readOwnKeys(store.read) === undefined) {
    await writeOwnKeys(store, keys)
  }
  return { store, keys }
}

function homeOfRelay(home: Home): CliError {
  return new CliError(
    EXIT_CODES.failed,
    'conflict',
    `${home.path} is the home of a relay, which has no account; run it with: kabber --home ${home.path} relay, or choose another folder with --home`,
  )
}

function noAccount(home: Home): CliError {
  return new CliError(
    EXIT_CODES.failed,
    'item-not-found',
    `there is no account in ${home.path}; make one with: kabber --home ${home.path} init`,
  )
}
