import type { Account, ArchivedMessage } from '../../src/index.ts'
import type { MessageView } from './messages.ts'
import { messageView } from './views.ts'

/** Messages of one answer: what one reading of the archive gives at most. */
const MAX_PAGE_MESSAGES = 1_000

/** What the bodies of one answer add up to, characters; one message is always in it. Keeps answers under a line. */
const MAX_PAGE_CHARACTERS = 131_072

/** A page of history, oldest first. `more`: there are older ones, ask with the first id as `beforeId`. */
export interface HistoryPage {
  readonly messages: readonly MessageView[]
  readonly more: boolean
}

/** The newest messages with `peer`, at most `params.limit`, older than `params.beforeId` if given. */
export function historyPage(account: Account, peer: string, params: Readonly<Record<string, unknown>>): HistoryPage {
  const { limit, beforeId } = params
  const wanted = typeof limit === 'number' ? Math.max(1, Math.min(limit, MAX_PAGE_MESSAGES)) : MAX_PAGE_MESSAGES
  const found = account.history(peer, {
    limit: wanted,
    ...(typeof beforeId === 'string' ? { beforeId } : {}),
  })
  const page = newestThatFit(found)
  return { messages: page.map(messageView), more: page.length < found.length || found.length === wanted }
}

function newestThatFit(messages: readonly ArchivedMessage[]): readonly ArchivedMessage[] {
  let start = messages.length
  let characters = 0
  while (start > 0) {
    // 400: ids, addresses, stamp and the field names around each body.
    characters += (messages[start - 1]?.body.length ?? 0) + 400
    if (characters > MAX_PAGE_CHARACTERS && start < messages.length) {
      break
    }
    start--
  }
  return messages.slice(start)
}
