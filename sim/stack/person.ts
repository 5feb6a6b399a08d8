import { AccountKey } from '../../src/identity/account-key.ts'
import type { Account, AccountEvent, ArchivedMessage } from '../../src/node/api.ts'
import { element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import type { SeededRandom } from '../system/seeded-random.ts'

/** Messages read from an archive at a time. */
const ARCHIVE_PAGE = 1_000
/** Pages of an archive that are read. */
const MAX_PAGES = 1_000

/** Somebody with an account, at home on one node. */
export interface Person {
  readonly index: number
  readonly key: AccountKey
  /** Index of the node. */
  readonly home: number
  /** Indices of people. */
  readonly contacts: readonly number[]
}

/** The people of a scenario. */
export function makePeople(
  homes: readonly number[],
  contactsOf: (person: number) => readonly number[],
  random: SeededRandom,
): Person[] {
  return homes.map((home, index) => ({
    index,
    home,
    key: AccountKey.fromSeed(random.fork(`account/${index}`).bytes(32)),
    contacts: contactsOf(index),
  }))
}

/** Hands a text to the account's node; resolves with its id when it is acknowledged. */
export async function sendText(account: Account, to: string, body: string): Promise<string> {
  const text = element('body', NS_CLIENT, {}, [body])
  const sent = await account.send(element('message', NS_CLIENT, { to, type: 'chat' }, [text]))
  return sent.id
}

/** All messages of an account with these contacts. */
export function wholeArchive(account: Account, contacts: readonly string[]): ArchivedMessage[] {
  const messages: ArchivedMessage[] = []
  for (const contact of contacts) {
    let beforeId: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = account.history(contact, { limit: ARCHIVE_PAGE, ...(beforeId === undefined ? {} : { beforeId }) })
      messages.push(...page)
      beforeId = page[0]?.id
      if (page.length < ARCHIVE_PAGE) {
        break
      }
    }
  }
  return messages
}

/** Whether an event tells of a message that came in. */
export function isIncoming(event: AccountEvent): event is AccountEvent & { readonly type: 'message' } {
  return event.type === 'message' && event.message.direction === 'in'
}
