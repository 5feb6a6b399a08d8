import type { Account, AccountEvent, ArchivedMessage } from '../../../node/api.ts'
import { type Element, element } from '../../../xml/element.ts'
import { NS_CLIENT, NS_HINTS } from '../../../xmpp/namespaces.ts'
import { NS_OWNER, required } from './owner-requests.ts'

/** Messages asked about at once: as many as a page of the archive has at most. */
const MAX_ASKED_MESSAGES = 1_000

/**
 * `<states><message archive-id='5'/>…</states>`: where these messages stand, and the ids under which nodes know them.
 *
 * @throws StanzaError `item-not-found` for one that is not in the archive
 */
export function messageStates(account: Account, payload: Element): Element {
  const asked = payload.elements('message', NS_OWNER).slice(0, MAX_ASKED_MESSAGES)
  const ids = asked.map((message) => required(message, 'archive-id'))
  const { messages } = account.archive({ ids, limit: Math.max(1, ids.length) })
  return element('states', NS_OWNER, {}, ids.length === 0 ? [] : messages.map(stateOf))
}

function stateOf({ archiveId, id, state, direction }: ArchivedMessage): Element {
  return element('message', NS_OWNER, { 'archive-id': archiveId, id, state, direction })
}

/** The message that tells a watching session of what happened to a message of the account; undefined for other events. */
export function stateMessage(account: string, event: AccountEvent): Element | undefined {
  if (event.type === 'message-state') {
    const { id, peer, state, receipts, of } = event
    return wrap({ id, peer, state, receipts: receipts?.toString(), of: of?.toString() })
  }
  if (event.type === 'message' && isOwn(account, event.message)) {
    const { id, peer, state, stanza } = event.message
    // To oneself: it has arrived with that.
    return wrap({ id, peer, state: state === 'received' ? 'delivered' : state, 'stanza-id': stanza.attribute('id') })
  }
  return undefined
}

function isOwn(account: string, { direction, from }: ArchivedMessage): boolean {
  return direction === 'out' || from.split('/', 1)[0] === account
}

function wrap(attributes: Readonly<Record<string, string | undefined>>): Element {
  const state = element('state', NS_OWNER, attributes)
  return element('message', NS_CLIENT, { type: 'headline' }, [state, element('no-store', NS_HINTS)])
}
