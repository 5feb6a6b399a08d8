import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { toUtf8 } from '../../util/bytes.ts'

/** Hash functions of SCRAM (RFC 5802, RFC 7677), named as node:crypto does. */
export type ScramHash = 'sha1' | 'sha256'

/** What a server keeps of a password (RFC 5802 §3); nobody can log in with it. */
export interface ScramKeys {
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

const KEY_BYTES: Readonly<Record<ScramHash, number>> = { sha1: 20, sha256: 32 }

/** The keys of a password that `saslPrep` has prepared (RFC 5802 §3). About 2 ms for 4096 iterations. */
export function scramKeys(hash: ScramHash, password: string, salt: Uint8Array, iterations: number): ScramKeys {
  const salted = new Uint8Array(pbkdf2Sync(password, salt, iterations, KEY_BYTES[hash], hash))
  return {
    storedKey: hashOf(hash, hmac(hash, salted, toUtf8('Client Key'))),
    serverKey: hmac(hash, salted, toUtf8('Server Key')),
  }
}

/** Whether a ClientProof was made with the password of these keys (RFC 5802 §3); in constant time. */
export function isProofOf(hash: ScramHash, keys: ScramKeys, authMessage: Uint8Array, proof: Uint8Array): boolean {
  if (proof.length !== KEY_BYTES[hash]) {
    return false
  }
  const signature = hmac(hash, keys.storedKey, authMessage)
  const clientKey = signature.map((byte, index) => byte ^ (proof[index] as number))
  return isSameSecret(hashOf(hash, clientKey), keys.storedKey)
}

/** ServerSignature of RFC 5802 §3. */
export function serverSignature(hash: ScramHash, keys: ScramKeys, authMessage: Uint8Array): Uint8Array {
  return hmac(hash, keys.serverKey, authMessage)
}

/** Compares secrets without telling by its duration where they differ. */
export function isSameSecret(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

export function hmac(hash: ScramHash, key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(hash, key).update(data).digest())
}

export function hashOf(hash: ScramHash, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(data).digest())
}
