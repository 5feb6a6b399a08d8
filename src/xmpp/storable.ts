import type { Element } from '../xml/element.ts'
import { isContent } from './extensions/chat-state.ts'
import { hasHint } from './extensions/processing-hints.ts'
import { NS_RECEIPTS } from './namespaces.ts'
import { messageType } from './stanza.ts'

/*
 * Which messages wait for their recipient, the first row that applies (XEP-0160 §3, XEP-0334 §4):
 *
 *   type error, groupchat                            no   XEP-0160 §3
 *   hint no-store                                    no   XEP-0334 §4.2
 *   hint store                                       yes  XEP-0334 §4.4
 *   type headline                                    no   XEP-0160 §3
 *   body, subject, receipt (XEP-0184), marker (0333), encrypted payload (0384, 0373, 0027), call (0353),
 *     reaction (0444), correction, retraction, invitation, and any payload not known here
 *                                                    yes  XEP-0160 §3: normal and chat are stored
 *   chat state, thread, ids, delay, receipt request, hints, alone or together
 *                                                    no   XEP-0160 §3: nothing to read in it
 *
 * Unknown payloads are kept: losing a message of an extension to come is worse than keeping a useless one.
 */

/** Whether a message is kept for a recipient who is offline. `no-permanent-store` does not speak against it. */
export function isStorable(message: Element): boolean {
  const type = messageType(message)
  if (type === 'error' || type === 'groupchat' || hasHint(message, 'no-store')) {
    return false
  }
  if (hasHint(message, 'store')) {
    return true
  }
  return type !== 'headline' && message.elements().some((child) => isContent(child) && !isReceiptRequest(child))
}

/** Whether a message belongs in an archive too (XEP-0334 §4.1). */
export function isArchivable(message: Element): boolean {
  return isStorable(message) && !hasHint(message, 'no-permanent-store')
}

function isReceiptRequest(child: Element): boolean {
  return child.name === 'request' && child.namespace === NS_RECEIPTS
}
