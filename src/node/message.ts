import { toString as bytesToText } from 'uint8arrays/to-string'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { Element } from '../xml/element.ts'
import { serialize } from '../xml/serializer.ts'
import { XmlError } from '../xml/xml-error.ts'
import { readDelays } from '../xmpp/extensions/delay.ts'
import { isStanzaIdBy, stanzaIdBy, stanzaIdElement } from '../xmpp/extensions/stanza-id.ts'
import { withoutNodeClaims } from '../xmpp/foreign-claims.ts'
import { Jid } from '../xmpp/jid.ts'
import { checkStanza, stanzaKind } from '../xmpp/stanza.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'

/** A message as its sender's client may hand it in, serialized; leaves room in a frame for what nodes add. *ours* */
const MESSAGE_MAX_BYTES: number = 192 * 1024
/** Ids made by other nodes; ours have 32 characters. *ours* */
const MESSAGE_ID_MAX_CHARACTERS = 128
/** Of the random part of an id, beside 48 bits of time. */
const MESSAGE_ID_RANDOM_BYTES = 10
/** A sender's clock may be off by a day; a stamp further in the future is not believed. *ours* */
const STAMP_MAX_AHEAD_MS = 24 * 3_600_000
/** Older stamps are believed for as long as a message can have been under way, and a day. */
const STAMP_MAX_AGE_MS = 15 * 24 * 3_600_000

/**
 * A new message id, also used for other stanzas that must not be handled twice: 12 hex digits of time and 20 of
 * randomness (as in UUIDv7, RFC 9562 §5.7), so that indexes by id grow at their end.
 */
export function newStanzaId(clock: Pick<Clock, 'wallMs'>, random: Random): string {
  const time = Math.max(0, Math.floor(clock.wallMs())).toString(16).padStart(12, '0')
  return time + bytesToText(random.bytes(MESSAGE_ID_RANDOM_BYTES), 'hex')
}

/** Gives a stanza of ours the id under which nodes know it (XEP-0359 §3.1). */
export function identify(stanza: Element, account: string, id: string): Element {
  return stanza.without((child) => isStanzaIdBy(child, account)).append(stanzaIdElement({ by: account, id }))
}

/**
 * The message to archive and send, made of what a client hands in: checked, with sender, recipient and ids.
 *
 * @throws StanzaError
 */
export function prepareMessage(message: Element, account: string, id: string): { message: Element; to: Jid } {
  if (stanzaKind(message) !== 'message') {
    throw new StanzaError('bad-request', 'this is not a message stanza')
  }
  checkStanza(message)
  const to = Jid.parse(message.attribute('to') ?? account)
  const from = Jid.tryParse(message.attribute('from') ?? account)
  if (from?.bare().toString() !== account) {
    throw new StanzaError('not-authorized', 'the sender is another account')
  }
  const addressed = message.withAttributes({
    from: from.toString(),
    to: to.toString(),
    id: message.attribute('id') ?? id,
  })
  checkSize(addressed, 'a message')
  return { message: identify(withoutNodeClaims(addressed), account, id), to }
}

/** Whether nodes can send it on. @throws StanzaError policy-violation, bad-request */
export function checkSize(stanza: Element, what: string): void {
  if (serializedBytes(stanza) > MESSAGE_MAX_BYTES) {
    throw new StanzaError('policy-violation', `${what} has at most ${MESSAGE_MAX_BYTES / 1024} KiB`)
  }
}

/** The id under which the sender's node knows a received stanza, if it gave a usable one. */
export function receivedId(stanza: Element, sender: string): string | undefined {
  const id = stanzaIdBy(stanza, sender)
  return id !== undefined && id.length <= MESSAGE_ID_MAX_CHARACTERS ? id : undefined
}

/** When a received message was sent: now, or the stamp of its sender's node if that is credible (XEP-0203 §4). */
export function receivedStampMs(message: Element, sender: string, nowMs: number): number {
  const stamped = readDelays(message).find((delay) => delay.from === sender)?.stampMs
  const credible = stamped !== undefined && stamped <= nowMs + STAMP_MAX_AHEAD_MS && stamped >= nowMs - STAMP_MAX_AGE_MS
  return credible ? stamped : nowMs
}

function serializedBytes(message: Element): number {
  try {
    return new TextEncoder().encode(serialize(message)).length
  } catch (error) {
    if (error instanceof XmlError) {
      throw new StanzaError('bad-request', 'the message has characters that XML forbids', { cause: error })
    }
    throw error
  }
}
