import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'

/** RFC 8439 §2.8 */
export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: AEAD_TAG_BYTES } as const

/** A key, a nonce never used with it before, and what is authenticated besides the message. */
export interface AeadParameters {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
}

/** AEAD_CHACHA20_POLY1305 (RFC 8439 §2.8): ciphertext and tag. */
export function aeadSeal(parameters: AeadParameters, plaintext: Uint8Array): Uint8Array {
  checkLengths(parameters)
  const cipher = createCipheriv(ALGORITHM, parameters.key, parameters.nonce, OPTIONS)
  cipher.setAAD(parameters.aad, { plaintextLength: plaintext.length })
  return concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The message, undefined when anything of it was changed. */
export function aeadOpen(parameters: AeadParameters, ciphertext: Uint8Array): Uint8Array | undefined {
  checkLengths(parameters)
  const length = ciphertext.length - AEAD_TAG_BYTES
  if (length < 0) {
    return undefined
  }
  const decipher = createDecipheriv(ALGORITHM, parameters.key, parameters.nonce, OPTIONS)
  decipher.setAAD(parameters.aad, { plaintextLength: length })
  decipher.setAuthTag(ciphertext.subarray(length))
  const plaintext = decipher.update(ciphertext.subarray(0, length))
  try {
    return concat([plaintext, decipher.final()])
  } catch {
    return undefined
  }
}

function checkLengths({ key, nonce }: AeadParameters): void {
  assert(key.length === AEAD_KEY_BYTES && nonce.length === AEAD_NONCE_BYTES, 'key of 32 bytes and nonce of 12')
}
