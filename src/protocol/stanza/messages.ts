import { fromString } from 'uint8arrays/from-string'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { type Element, element } from '../../xml/element.ts'
import { NS_STREAM, NS_STREAMS } from '../../xmpp/namespaces.ts'
import { stanzaKind } from '../../xmpp/stanza.ts'
import { STREAM_ERROR_CONDITIONS, StreamError, type StreamErrorCondition } from '../../xmpp/stream-error.ts'
import { MAX_ACCOUNTS, MAX_SESSION_ID_LENGTH, NS_KABBER_STREAM, STREAM_VERSION } from './protocol.ts'

/** An account and its record as they travel; nothing is verified. */
export interface AccountClaim {
  /** The bare JID. */
  readonly address: string
  readonly record: Uint8Array
}

/** The end of the session that is to be resumed: the other side's id as we know it, and what we handled of it. */
export interface ResumptionClaim {
  readonly previd: string
  /** Modulo 2^32. */
  readonly h: number
}

/** `<open/>`, the first frame of either side. */
export interface OpenFrame {
  readonly type: 'open'
  /** The sender's session id. */
  readonly id: string
  /** How many opens, this one included, the sender has sent under `id`: tells a late open from a new one. */
  readonly attempt: number
  readonly resumption: ResumptionClaim | undefined
  readonly accounts: readonly AccountClaim[]
}

/** What a frame may be. */
export type StreamFrame =
  | OpenFrame
  | { readonly type: 'account'; readonly account: AccountClaim }
  | { readonly type: 'request' }
  | { readonly type: 'answer'; readonly h: number }
  | { readonly type: 'close' }
  | { readonly type: 'error'; readonly error: StreamError }
  | { readonly type: 'stanza'; readonly stanza: Element }

const COUNT_PATTERN = /^(0|[1-9][0-9]{0,9})$/
const COUNT_MAX = 2 ** 32 - 1
const SESSION_ID_PATTERN = /^[\x21-\x7e]+$/
/** Of the text of an error that a peer sent, what is kept. */
const MAX_ERROR_TEXT_LENGTH = 200

/** `<r/>`: asks for `<a/>` (XEP-0198 §4). */
export const REQUEST: Element = element('r', NS_KABBER_STREAM)
/** `<close/>`: no more stanzas from this side. */
export const CLOSE: Element = element('close', NS_KABBER_STREAM)

/** `<a h='…'/>` (XEP-0198 §4). */
export function encodeAnswer(h: number): Element {
  return element('a', NS_KABBER_STREAM, { h: String(h) })
}

/** `<account jid='…'>` with the record in base64 (RFC 4648 §4). */
export function encodeAccount(account: AccountClaim): Element {
  return element('account', NS_KABBER_STREAM, { jid: account.address }, [encodeBytes(account.record, 'base64pad')])
}

/** `<open/>`. */
export function encodeOpen(open: Omit<OpenFrame, 'type'>): Element {
  const { id, attempt, resumption, accounts } = open
  const attributes = {
    version: STREAM_VERSION,
    id,
    attempt: String(attempt),
    previd: resumption?.previd,
    h: resumption === undefined ? undefined : String(resumption.h),
  }
  return element('open', NS_KABBER_STREAM, attributes, accounts.map(encodeAccount))
}

/**
 * What a frame means.
 *
 * @throws StreamError `unsupported-stanza-type` (RFC 6120 §4.9.3.24), `unsupported-version`, `bad-format`
 */
export function decodeFrame(frame: Element): StreamFrame {
  if (stanzaKind(frame) !== undefined) {
    return { type: 'stanza', stanza: frame }
  }
  const { name, namespace } = frame
  if (namespace === NS_STREAM && name === 'error') {
    return { type: 'error', error: decodeError(frame) }
  }
  if (namespace === NS_KABBER_STREAM) {
    switch (name) {
      case 'a':
        return { type: 'answer', h: decodeCount(frame, 'h') }
      case 'r':
        return { type: 'request' }
      case 'open':
        return decodeOpen(frame)
      case 'account':
        return { type: 'account', account: decodeAccount(frame) }
      case 'close':
        return { type: 'close' }
      default:
    }
  }
  throw new StreamError('unsupported-stanza-type')
}

function decodeOpen(frame: Element): OpenFrame {
  if (frame.attribute('version') !== STREAM_VERSION) {
    throw new StreamError('unsupported-version')
  }
  const accounts = frame.elements('account', NS_KABBER_STREAM)
  if (accounts.length > MAX_ACCOUNTS) {
    throw new StreamError('policy-violation', `more than ${MAX_ACCOUNTS} accounts`)
  }
  const resumed = frame.attribute('previd') !== undefined
  return {
    type: 'open',
    id: decodeSessionId(frame, 'id'),
    attempt: decodeCount(frame, 'attempt'),
    resumption: resumed ? { previd: decodeSessionId(frame, 'previd'), h: decodeCount(frame, 'h') } : undefined,
    accounts: accounts.map(decodeAccount),
  }
}

function decodeAccount(frame: Element): AccountClaim {
  const address = frame.attribute('jid')
  if (address === undefined) {
    throw new StreamError('bad-format', 'account without jid')
  }
  try {
    return { address, record: fromString(frame.text().trim(), 'base64pad') }
  } catch (error) {
    throw new StreamError('bad-format', 'record that is not base64', { cause: error })
  }
}

function decodeSessionId(frame: Element, name: string): string {
  const id = frame.attribute(name)
  if (id === undefined || id.length > MAX_SESSION_ID_LENGTH || !SESSION_ID_PATTERN.test(id)) {
    throw new StreamError('bad-format', `${frame.name} without a legal ${name}`)
  }
  return id
}

function decodeCount(frame: Element, name: string): number {
  const text = frame.attribute(name) ?? ''
  const count = Number(text)
  if (!COUNT_PATTERN.test(text) || count > COUNT_MAX) {
    throw new StreamError('bad-format', `${frame.name} without a legal ${name}`)
  }
  return count
}

/** RFC 6120 §4.9.2; a condition that does not exist there counts as `undefined-condition`. */
function decodeError(frame: Element): StreamError {
  const children = frame.elements(undefined, NS_STREAMS)
  const condition = children.map((child) => child.name).find(isCondition) ?? 'undefined-condition'
  const text = children.find((child) => child.name === 'text')?.text()
  return new StreamError(condition, text?.slice(0, MAX_ERROR_TEXT_LENGTH))
}

function isCondition(name: string): name is StreamErrorCondition {
  return (STREAM_ERROR_CONDITIONS as readonly string[]).includes(name)
}
