import { type Element, element } from '../xml/element.ts'
import { Jid } from './jid.ts'
import { NS_CLIENT } from './namespaces.ts'
import { StanzaError } from './stanza-error.ts'

/** The three kinds of stanza (RFC 6120 §8). */
export type StanzaKind = 'message' | 'presence' | 'iq'

/** RFC 6121 §5.2.2. */
export type MessageType = 'chat' | 'error' | 'groupchat' | 'headline' | 'normal'

/** RFC 6121 §4.7.1; `available` stands for no `type` at all. */
export type PresenceType =
  | 'available'
  | 'unavailable'
  | 'subscribe'
  | 'subscribed'
  | 'unsubscribe'
  | 'unsubscribed'
  | 'probe'
  | 'error'

/** RFC 6120 §8.2.3. */
export type IqType = 'get' | 'set' | 'result' | 'error'

const MESSAGE_TYPES: ReadonlySet<string> = new Set<MessageType>(['chat', 'error', 'groupchat', 'headline', 'normal'])
const PRESENCE_TYPES: ReadonlySet<string> = new Set<PresenceType>([
  'unavailable',
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
  'probe',
  'error',
])
const IQ_TYPES: ReadonlySet<string> = new Set<IqType>(['get', 'set', 'result', 'error'])

/** Which kind of stanza this is, or undefined for any other element. */
export function stanzaKind(element: Element): StanzaKind | undefined {
  const { name, namespace } = element
  return namespace === NS_CLIENT && (name === 'message' || name === 'presence' || name === 'iq') ? name : undefined
}

/** The type of a message; an unknown one counts as `normal` (RFC 6121 §5.2.2). */
export function messageType(message: Element): MessageType {
  const type = message.attribute('type')
  return type !== undefined && MESSAGE_TYPES.has(type) ? (type as MessageType) : 'normal'
}

/** The type of a presence, or undefined if it is none of RFC 6121 §4.7.1. */
export function presenceType(presence: Element): PresenceType | undefined {
  const type = presence.attribute('type')
  if (type === undefined) {
    return 'available'
  }
  return PRESENCE_TYPES.has(type) ? (type as PresenceType) : undefined
}

/** The type of an iq, or undefined if it is none of RFC 6120 §8.2.3. */
export function iqType(iq: Element): IqType | undefined {
  const type = iq.attribute('type')
  return type !== undefined && IQ_TYPES.has(type) ? (type as IqType) : undefined
}

/**
 * Checks what RFC 6120 §8 demands of every stanza: kind, legal addresses, type and id, and of an iq its payload.
 *
 * @throws StanzaError `bad-request` or `jid-malformed`
 */
export function checkStanza(stanza: Element): void {
  const kind = stanzaKind(stanza)
  if (kind === undefined) {
    throw new StanzaError('bad-request', 'This is not a stanza.')
  }
  checkAddress(stanza.attribute('from'))
  checkAddress(stanza.attribute('to'))
  if (stanza.attribute('id') === '') {
    throw new StanzaError('bad-request', 'The id is empty.')
  }
  if (kind === 'presence' && presenceType(stanza) === undefined) {
    throw new StanzaError('bad-request', 'This type of presence does not exist.')
  }
  if (kind === 'iq') {
    checkIq(stanza)
  }
}

/** The `result` that answers an iq: addresses swapped, same id. */
export function replyTo(iq: Element, payload?: Element): Element {
  const { from, to, id } = iq.attributes
  return element('iq', iq.namespace, { from: to, to: from, id, type: 'result' }, payload === undefined ? [] : [payload])
}

function checkAddress(address: string | undefined): void {
  if (address !== undefined) {
    Jid.parse(address)
  }
}

function checkIq(iq: Element): void {
  const type = iqType(iq)
  if (type === undefined) {
    throw new StanzaError('bad-request', 'This type of iq does not exist.')
  }
  if (iq.attribute('id') === undefined) {
    throw new StanzaError('bad-request', 'An iq needs an id.')
  }
  const payloads = iq.elements().length
  const legal = type === 'error' || (type === 'result' ? payloads <= 1 : payloads === 1)
  if (!legal) {
    throw new StanzaError('bad-request', 'An iq of type get or set has one child element, a result at most one.')
  }
}
