import { SaslError } from './sasl-error.ts'

/** Channel binding as a client sees it (RFC 5802 §5.1): no support, support but none offered, or a type in use. */
export type Gs2Flag = 'n' | 'y' | { readonly type: string }

/** A client-first-message of RFC 5802 §7, with the parts of it that are hashed later. */
export interface ClientFirst {
  readonly gs2Header: string
  readonly flag: Gs2Flag
  /** Empty for none. */
  readonly authzid: string
  readonly userName: string
  readonly nonce: string
  readonly bare: string
}

/** A client-final-message of RFC 5802 §7. */
export interface ClientFinal {
  /** Base64 of gs2-header and channel binding data. */
  readonly channelBinding: string
  readonly nonce: string
  readonly proof: string
  readonly withoutProof: string
}

// Saslname: no comma, and `=` only as part of an escape. Printable: no control characters, no comma.
const CLIENT_FIRST =
  /^((?:(n|y)|p=([A-Za-z0-9.-]+)),(?:a=((?:[^\0,=]|=2C|=3D)+))?,)(n=((?:[^\0,=]|=2C|=3D)+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^\0,]+)*)$/
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^\0,]+)*),p=([A-Za-z0-9+/]+={0,2})$/

/** @throws SaslError `malformed-request` */
export function parseClientFirst(message: string): ClientFirst {
  const found = CLIENT_FIRST.exec(message)
  if (found === null) {
    throw new SaslError('malformed-request', 'no client-first-message')
  }
  const [, gs2Header = '', plain, type, authzid = '', bare = '', userName = '', nonce = ''] = found
  const flag: Gs2Flag = type === undefined ? (plain as 'n' | 'y') : { type }
  return { gs2Header, flag, authzid: unescapeName(authzid), userName: unescapeName(userName), nonce, bare }
}

/** @throws SaslError `malformed-request` */
export function parseClientFinal(message: string): ClientFinal {
  const found = CLIENT_FINAL.exec(message)
  if (found === null) {
    throw new SaslError('malformed-request', 'no client-final-message')
  }
  const [, withoutProof = '', channelBinding = '', nonce = '', proof = ''] = found
  return { channelBinding, nonce, proof, withoutProof }
}

/** RFC 5802 §5.1. */
function unescapeName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
