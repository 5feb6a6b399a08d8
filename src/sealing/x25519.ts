import { diffieHellman } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'
import { fromHex } from '../util/bytes.ts'
import { privateKeyFromDer, publicKeyBytes, publicKeyFromDer } from './der-key.ts'

/** RFC 7748 §5: private key, public key and shared secret all have 32 bytes. */
export const X25519_BYTES = 32

/** RFC 8410 §4 and §7: SubjectPublicKeyInfo without the key, PKCS #8 without the key. */
const SPKI_PREFIX = fromHex('302a300506032b656e032100')
const PKCS8_PREFIX = fromHex('302e020100300506032b656e04220420')

/** A key pair of X25519. */
export interface X25519KeyPair {
  readonly publicKey: Uint8Array
  /**
   * The shared secret with another public key (RFC 7748 §6.1); undefined for a wrong length and for the points of small
   * order, with which it would be all zero whatever the private key.
   */
  sharedSecret(publicKey: Uint8Array): Uint8Array | undefined
}

/** The key pair of 32 bytes from a cryptographic generator (clamped inside, RFC 7748 §5). */
export function x25519KeyPair(privateKey: Uint8Array): X25519KeyPair {
  assert(privateKey.length === X25519_BYTES, `a private key of X25519 has ${X25519_BYTES} bytes`)
  const key = privateKeyFromDer(concat([PKCS8_PREFIX, privateKey]))
  return {
    publicKey: publicKeyBytes(key, X25519_BYTES),
    sharedSecret: (publicKey) => {
      const other = publicKey.length === X25519_BYTES ? publicKeyFromDer(concat([SPKI_PREFIX, publicKey])) : undefined
      if (other === undefined) {
        return undefined
      }
      try {
        return new Uint8Array(diffieHellman({ privateKey: key, publicKey: other }))
      } catch {
        // OpenSSL refuses an all-zero secret.
        return undefined
      }
    },
  }
}
