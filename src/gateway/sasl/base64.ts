import { SaslError } from './sasl-error.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * What a client wrote in base64 (RFC 4648 §4, without line breaks: RFC 6120 §6.4.2). Pad bits that are not zero are let
 * pass, as many encoders do not care.
 *
 * @throws SaslError `incorrect-encoding`
 */
export function decodeBase64(text: string): Uint8Array {
  if (!BASE64.test(text)) {
    throw new SaslError('incorrect-encoding')
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
