import { hash, hkdfSync } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { fromHex, toUtf8 } from '../util/bytes.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, type AeadParameters } from './aead.ts'
import type { HpkeContext } from './hpke.ts'
import { COMMITMENT_BYTES, type LetterHeader, letterHeader } from './letter-message.ts'

const BODY_LABEL = toUtf8('kabber-letter-body')
const WRAP_LABEL = toUtf8('kabber-letter-key:')
const SIGNATURE_PREFIX = toUtf8('kabber-letter:')
const NO_SALT = new Uint8Array(0)

/** The id under which custodians and recipients know a letter: SHA-256 of its bytes as they travel. */
export function letterId(sealed: Uint8Array): Uint8Array {
  return fromHex(hash('sha256', sealed, 'hex'))
}

/**
 * From the key of one letter: the key of its body and a commitment to it, which ChaCha20-Poly1305 alone does not give
 * (two keys can open one ciphertext to two texts; Albertini et al., USENIX Security 2022).
 */
export function letterSecrets(letterKey: Uint8Array): { readonly key: Uint8Array; readonly commitment: Uint8Array } {
  const derived = hkdfSync('sha256', letterKey, NO_SALT, BODY_LABEL, AEAD_KEY_BYTES + COMMITMENT_BYTES)
  const bytes = new Uint8Array(derived)
  return { key: bytes.slice(0, AEAD_KEY_BYTES), commitment: bytes.slice(AEAD_KEY_BYTES) }
}

/** How the body is sealed; each letter has its own key, so the nonce may be the same in all. */
export function bodyParameters(key: Uint8Array, header: LetterHeader): AeadParameters {
  return { key, nonce: new Uint8Array(AEAD_NONCE_BYTES), aad: letterHeader.encode(header) }
}

/** What a wrapped key is bound to: the account it is for, and this letter. */
export function wrapContext(recipientAccount: Uint8Array, commitment: Uint8Array): HpkeContext {
  return { info: concat([WRAP_LABEL, recipientAccount]), aad: commitment }
}

/** What the sender signs; the lengths of all but the last are fixed. */
export function signedBytes(recipientAccount: Uint8Array, commitment: Uint8Array, statement: Uint8Array): Uint8Array {
  return concat([SIGNATURE_PREFIX, recipientAccount, commitment, statement])
}
