import { element, NS_OWNER } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { NodeClient } from '../client/node-client.ts'
import { whoAmI } from '../client/node-status.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import type { ClientApp, PasswordBook } from './client-app.ts'

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
      const { bookOfStore } = await import('./stored-passwords.ts')
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
