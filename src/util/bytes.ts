import { fromString } from 'uint8arrays/from-string'
import { toString as toText } from 'uint8arrays/to-string'

// Names for the encodings in use, so that each call says which one it means. All results are plain Uint8Array, no Buffer.

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return toText(bytes, 'hex')
}

/** From lower-case hexadecimal; check text from outside first, this throws whatever the library throws. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(fromString(text, 'hex'))
}

/** Base64 with `+`, `/` and padding (RFC 4648 §4), as in PEM. */
export function toBase64(bytes: Uint8Array): string {
  return toText(bytes, 'base64pad')
}

/** From base64 with `+`, `/` and padding; check text from outside first, this throws whatever the library throws. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(fromString(text, 'base64pad'))
}

/** Base64 with `-`, `_` and no padding (RFC 4648 §5), as in JWK. */
export function toBase64url(bytes: Uint8Array): string {
  return toText(bytes, 'base64url')
}

/** From base64 with `-` and `_`; check text from outside first. */
export function fromBase64url(text: string): Uint8Array {
  return new Uint8Array(fromString(text, 'base64url'))
}

/** Base32, lower case without padding (RFC 4648 §6). */
export function toBase32(bytes: Uint8Array): string {
  return toText(bytes, 'base32')
}

/** Base58 with Bitcoin's alphabet and no multibase prefix, as in PeerIds. */
export function toBase58(bytes: Uint8Array): string {
  return toText(bytes, 'base58btc')
}

/** From base58btc, in time quadratic in the length; check length and alphabet of text from outside first. */
export function fromBase58(text: string): Uint8Array {
  return new Uint8Array(fromString(text, 'base58btc'))
}

/** UTF-8. Lone surrogates become U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const encoder = new TextEncoder()
