import { type Element, element } from '../xml/element.ts'
import { NS_CLIENT, NS_STANZAS } from './namespaces.ts'

/** What the sender can do about an error (RFC 6120 §8.3.2). */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait'

/** The conditions of RFC 6120 §8.3.3, each with the type it is sent with. */
export const STANZA_ERROR_CONDITIONS = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const

/** A condition of RFC 6120 §8.3.3. */
export type StanzaErrorCondition = keyof typeof STANZA_ERROR_CONDITIONS

const TYPES: ReadonlySet<string> = new Set<StanzaErrorType>(['auth', 'cancel', 'continue', 'modify', 'wait'])

/** What a stanza error may say besides its condition. */
export interface StanzaErrorOptions extends ErrorOptions {
  /** @default the type of the condition in `STANZA_ERROR_CONDITIONS` */
  readonly type?: StanzaErrorType
  readonly detail?: Element
}

/** A failure as users and their clients see it. */
export class StanzaError extends Error {
  override readonly name = 'StanzaError'
  readonly condition: StanzaErrorCondition
  readonly type: StanzaErrorType
  /** What a person may be shown; in English. */
  readonly text: string | undefined
  /** What an extension adds to the condition (RFC 6120 §8.3.4). */
  readonly detail: Element | undefined

  constructor(condition: StanzaErrorCondition, text?: string, options?: StanzaErrorOptions) {
    super(text === undefined ? condition : `${condition}: ${text}`, options)
    this.condition = condition
    this.type = options?.type ?? STANZA_ERROR_CONDITIONS[condition]
    this.text = text
    this.detail = options?.detail
  }

  /** The `<error/>` of a stanza in `jabber:client`. */
  toElement(): Element {
    const condition = element(this.condition, NS_STANZAS)
    const text = this.text === undefined ? [] : [element('text', NS_STANZAS, { 'xml:lang': 'en' }, [this.text])]
    const detail = this.detail === undefined ? [] : [this.detail]
    return element('error', NS_CLIENT, { type: this.type }, [condition, ...text, ...detail])
  }

  /** Reads an `<error/>`; what it does not say in words of RFC 6120 becomes `undefined-condition`. */
  static fromElement(error: Element): StanzaError {
    const children = error.elements(undefined, NS_STANZAS)
    const condition = children.map((child) => child.name).find(isCondition) ?? 'undefined-condition'
    const text = children.find((child) => child.name === 'text')?.text()
    const type = error.attribute('type')
    return new StanzaError(condition, text, isType(type) ? { type } : {})
  }
}

function isCondition(name: string): name is StanzaErrorCondition {
  return Object.hasOwn(STANZA_ERROR_CONDITIONS, name)
}

function isType(type: string | undefined): type is StanzaErrorType {
  return type !== undefined && TYPES.has(type)
}

/**
 * The stanza that tells its sender of an error: addresses swapped, same id, without the original payload.
 *
 * @returns undefined where no answer is allowed: to an error (RFC 6120 §8.3.1) and to the result of an iq (§8.2.3)
 */
export function errorReply(stanza: Element, error: StanzaError): Element | undefined {
  const { from, to, id, type } = stanza.attributes
  if (type === 'error' || (stanza.name === 'iq' && type === 'result')) {
    return undefined
  }
  return element(stanza.name, stanza.namespace, { from: to, to: from, id, type: 'error' }, [error.toElement()])
}
