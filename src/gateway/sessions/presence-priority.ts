import type { Element } from '../../xml/element.ts'
import { NS_CLIENT } from '../../xmpp/namespaces.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'

const INTEGER = /^[+-]?\d{1,3}$/

/**
 * The priority of a presence, 0 if it says nothing (RFC 6121 §4.7.2.3).
 *
 * @throws StanzaError `bad-request` for what is no integer between -128 and 127
 */
export function presencePriority(presence: Element): number {
  const text = presence.child('priority', NS_CLIENT)?.text().trim() ?? ''
  if (text === '') {
    return 0
  }
  const priority = INTEGER.test(text) ? Number(text) : Number.NaN
  if (!(priority >= -128 && priority <= 127)) {
    throw new StanzaError('bad-request', 'A priority is an integer between -128 and 127.')
  }
  return priority
}
