import type { Element } from '../../../xml/element.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'

/** What the owner's commands ask of their node. */
export const NS_OWNER = 'urn:kabber:node:0'

/**
 * An attribute that a request must have.
 *
 * @throws StanzaError `bad-request`
 */
export function required(payload: Element, name: string): string {
  const value = payload.attribute(name)
  if (value === undefined || value === '') {
    throw new StanzaError('bad-request', `'${name}' is missing`)
  }
  return value
}
