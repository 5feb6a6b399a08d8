import { type Element, element } from '../../xml/element.ts'
import { hasHint } from '../../xmpp/extensions/processing-hints.ts'
import { NS_CHAT_STATES, NS_CLIENT, NS_FORWARD, NS_RECEIPTS } from '../../xmpp/namespaces.ts'
import { messageType } from '../../xmpp/stanza.ts'

/** Message carbons (XEP-0280). */
export const NS_CARBONS = 'urn:xmpp:carbons:2'

/** Payloads typical of instant messaging (XEP-0280 §6.1), besides a body: receipts, chat states, markers, invitations. */
const CONVERSATION_PAYLOADS: ReadonlySet<string> = new Set([
  NS_RECEIPTS,
  NS_CHAT_STATES,
  'urn:xmpp:chat-markers:0',
  'jabber:x:conference',
  'http://jabber.org/protocol/muc#user',
])

/** Whether the other clients of the account get a copy of a message (XEP-0280 §6.1). */
export function isCarbonEligible(message: Element): boolean {
  const type = messageType(message)
  // §6.2: what a room sends, every client in the room has already.
  if (type === 'groupchat' || message.child('private', NS_CARBONS) !== undefined || hasHint(message, 'no-copy')) {
    return false
  }
  // An error answers something of ours; that this was eligible is not looked up.
  return (
    type === 'chat' ||
    type === 'error' ||
    (type === 'normal' && message.child('body', NS_CLIENT) !== undefined) ||
    message.elements().some((child) => CONVERSATION_PAYLOADS.has(child.namespace))
  )
}

/** The copy of a message for another client of the account (XEP-0280 §7, §8). `direction` as the account sees it. */
export function carbonCopy(
  message: Element,
  { direction, account, to }: { direction: 'received' | 'sent'; account: string; to: string },
): Element {
  const forwarded = element('forwarded', NS_FORWARD, {}, [message])
  return element('message', NS_CLIENT, { from: account, to, type: message.attribute('type') }, [
    element(direction, NS_CARBONS, {}, [forwarded]),
  ])
}
