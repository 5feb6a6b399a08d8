import { toBase64 } from '../../util/bytes.ts'
import { type Element, element } from '../../xml/element.ts'
import type { SaslErrorCondition } from '../sasl/sasl-error.ts'
import { NS_SASL, NS_SASL2 } from './stream-namespaces.ts'

/** What a client asks for when it begins to log in. */
export interface SaslRequest {
  readonly mechanism: string
  /** Base64; undefined: no initial response. */
  readonly initialResponse: string | undefined
}

/** How SASL is written in XMPP; there are two ways that differ in little (RFC 6120 §6, XEP-0388). */
export interface SaslProfile {
  readonly namespace: string
  /** The request that begins an exchange, or undefined if this is another element. */
  request(element: Element): SaslRequest | undefined
  challenge(data: Uint8Array): Element
  failure(condition: SaslErrorCondition): Element
}

/** RFC 6120 §6. */
const RFC_6120: SaslProfile = {
  namespace: NS_SASL,
  request: (request) =>
    request.name === 'auth'
      ? { mechanism: request.attribute('mechanism') ?? '', initialResponse: request.text().trim() || undefined }
      : undefined,
  challenge: (data) => element('challenge', NS_SASL, {}, [toBase64(data)]),
  failure: (condition) => element('failure', NS_SASL, {}, [element(condition, NS_SASL)]),
}

/** XEP-0388. */
const EXTENSIBLE: SaslProfile = {
  namespace: NS_SASL2,
  request: (request) =>
    request.name === 'authenticate'
      ? {
          mechanism: request.attribute('mechanism') ?? '',
          // §4.2: an empty element is an empty response here, no element is none.
          initialResponse: request.child('initial-response')?.text().trim(),
        }
      : undefined,
  challenge: (data) => element('challenge', NS_SASL2, {}, [toBase64(data)]),
  failure: (condition) => element('failure', NS_SASL2, {}, [element(condition, NS_SASL)]),
}

/** The profile whose elements have this namespace. */
export function saslProfile(namespace: string): SaslProfile {
  return namespace === NS_SASL ? RFC_6120 : EXTENSIBLE
}
