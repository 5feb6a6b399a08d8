import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signOneShot,
  verify as verifyOneShot,
} from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { fromBase64url, fromHex, toBase64, toBase64url } from '../util/bytes.ts'

/** RFC 8032 §5.1.5: seed (there "private key") and public key have 32 bytes, a signature 64. */
export const SEED_BYTES = 32
export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Imported public keys kept ready: about 1 MB, and every contact of a busy account. The oldest unused one goes. */
export const PUBLIC_KEY_CACHE_MAX_KEYS = 1024

/** PKCS #8 of an Ed25519 seed without the seed (RFC 8410 §7). */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420')

/** A key pair ready to sign. */
export interface SigningKey {
  readonly publicKey: Uint8Array
  readonly privateKey: KeyObject
}

/** The key pair of a 32-byte seed (RFC 8032 §5.1.5). */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  const privateKey = privateKeyFromSeed(seed)
  return { publicKey: exported(createPublicKey(privateKey)), privateKey }
}

/** The private half alone. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey(pemOf(seed))
}

/** The public half alone, over one key of OpenSSL instead of two. */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  return exported(createPublicKey(pemOf(seed)))
}

function exported(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' })
  assert(typeof x === 'string', 'the JWK of an Ed25519 key has x')
  return fromBase64url(x)
}

function pemOf(seed: Uint8Array): string {
  assert(seed.length === SEED_BYTES, `a seed has ${SEED_BYTES} bytes`)
  const body = toBase64(concat([PKCS8_PREFIX, seed]))
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
}

/** The Ed25519 signature of `bytes`, 64 bytes; the same bytes give the same signature. */
export function sign(key: SigningKey, bytes: Uint8Array): Uint8Array {
  return plain(signOneShot(null, bytes, key.privateKey))
}

/**
 * Whether `signature` is that of `bytes` under `publicKey`. False, never an exception, for keys and signatures of a wrong
 * length, keys that are no valid point and malleable signatures (OpenSSL refuses S ≥ L and compares R byte by byte).
 */
export function verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) {
    return false
  }
  const key = importedPublicKey(publicKey)
  return key !== undefined && verifyOneShot(null, bytes, key, signature)
}

/**
 * Whether these are the bytes of a usable Ed25519 public key: a point on the curve in its canonical encoding, and not one
 * of the eight of small order (all zero among them), under which signatures for anything can be made up.
 */
export function isPublicKey(publicKey: Uint8Array): boolean {
  return importedPublicKey(publicKey) !== undefined
}

// Shared by all nodes of a process: it changes what a call costs, never what it answers.
const publicKeys = new BoundedMap<string, KeyObject>({ maxEntries: PUBLIC_KEY_CACHE_MAX_KEYS })

function importedPublicKey(publicKey: Uint8Array): KeyObject | undefined {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    return undefined
  }
  const x = toBase64url(publicKey)
  const key = publicKeys.get(x) ?? (isSafePoint(publicKey) ? importPublicKey(x) : undefined)
  if (key !== undefined) {
    // Set again on every use, so that the entry that gives way is the one unused for longest.
    publicKeys.set(x, key)
  }
  return key
}

/** node:crypto imports any 32 bytes without a look, hence @noble/curves here. */
function isSafePoint(publicKey: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(plain(publicKey)).isSmallOrder()
  } catch {
    return false
  }
}

function importPublicKey(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** A copy that is no Buffer. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
