import { aliasOf, ClientPasswords, element, NS_OWNER, nodeSchema, readOwnKeys } from '../../src/index.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { CliError } from '../cli-error.ts'
import { NodeClient } from '../client/node-client.ts'
import { whoAmI } from '../client/node-status.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'

/** A client app that may log in. */
export interface ClientApp {
  readonly name: string
  readonly createdMs: number
  readonly usedMs: number | undefined
  readonly expiresMs: number | undefined
}

/** The passwords of the client apps of an account. */
export interface PasswordBook {
  /** Bare JID of the account. */
  readonly address: string
  /** What may be typed instead of its localpart. */
  readonly alias: string | undefined
  /** Gives the new password. @throws CliError or StanzaError `conflict` for a name in use */
  add(name: string): Promise<string>
  list(): Promise<readonly ClientApp[]>
  /** @throws CliError `item-not-found` */
  revoke(name: string): Promise<void>
  close(): Promise<void>
}

/**
 * The passwords of a home: through its node while that runs, else out of its store.
 *
 * @throws CliError
 */
export async function openPasswordBook(home: Home): Promise<PasswordBook> {
  try {
    return await bookOfNode(await NodeClient.connect(home))
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT_CODES.noNode && home.exists()) {
      return await bookOfStore(home)
    }
    throw error
  }
}

async function bookOfNode(client: NodeClient): Promise<PasswordBook> {
  const { address, alias } = await whoAmI(client)
  return {
    address,
    alias,
    add: async (name) => (await client.query('set', element('password', NS_OWNER, { name })))?.text() ?? '',
    list: async () => {
      const passwords = await client.query('get', element('passwords', NS_OWNER))
      return passwords?.elements('password', NS_OWNER).map(({ attributes }) => readApp(attributes)) ?? []
    },
    revoke: async (name) => {
      await client.query('set', element('revoke', NS_OWNER, { name }))
    },
    close: async () => client.close(),
  }
}

function readApp(attributes: Readonly<Record<string, string>>): ClientApp {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))
  return {
    name: attributes.name ?? '',
    createdMs: Number(attributes['created-ms']),
    usedMs: number(attributes['used-ms']),
    expiresMs: number(attributes['expires-ms']),
  }
}

async function bookOfStore(home: Home): Promise<PasswordBook> {
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
