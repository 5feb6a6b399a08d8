import { aliasOf, ClientPasswords, nodeSchema, readOwnKeys } from '../../src/index.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import type { PasswordBook } from './client-app.ts'

/**
 * The passwords in the store of a home whose node does not run.
 *
 * @throws CliError or StoreError
 */
export async function bookOfStore(home: Home): Promise<PasswordBook> {
  const store = openSqliteStore(home.storePath, nodeSchema)
  const [account] = readOwnKeys(store.read)?.accounts ?? []
  if (account === undefined) {
    await store.close()
    throw new CliError(EXIT_CODES.failed, 'item-not-found', `there is no account in ${home.path}`)
  }
  const { address } = account.key
  const passwords = new ClientPasswords({ clock: new OsClock(), random: new OsRandom(), store })
  return {
    address,
    alias: aliasOf(account.nickname),
    add: async (name) => await passwords.add(address, name),
    list: async () => passwords.list(address),
    revoke: async (name) => {
      if (!(await passwords.revoke(address, name))) {
        throw new CliError(EXIT_CODES.failed, 'item-not-found', `no client is called '${name}'`)
      }
    },
    close: async () => await store.close(),
  }
}
