import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { toBase64 } from '../util/bytes.ts'

// node:crypto takes DER only as a Buffer by its types, so keys go in as PEM text, which measures no slower.

/** The private key of a PKCS #8 structure of our own making. */
export function privateKeyFromDer(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey(pem('PRIVATE KEY', pkcs8))
}

/** The public key of a SubjectPublicKeyInfo, undefined when OpenSSL finds the key in it invalid. */
export function publicKeyFromDer(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey(pem('PUBLIC KEY', spki))
  } catch {
    return undefined
  }
}

/** The last `length` bytes of a key's SubjectPublicKeyInfo: the bare public key of every algorithm in use here. */
export function publicKeyBytes(key: KeyObject, length: number): Uint8Array {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-length))
}

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${toBase64(der)}\n-----END ${label}-----\n`
}
