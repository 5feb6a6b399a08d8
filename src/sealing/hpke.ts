import { createHmac } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'
import { toUtf8 } from '../util/bytes.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, aeadOpen, aeadSeal } from './aead.ts'

/** RFC 9180 §7.2 and §7.3: HKDF-SHA256 and ChaCha20Poly1305. */
const HKDF_SHA256_ID = 0x0001
const CHACHA20_POLY1305_ID = 0x0003
const SHA256_BYTES = 32
const NOTHING = new Uint8Array(0)

/** A key encapsulation mechanism as HPKE uses it (RFC 9180 §4). */
export interface HpkeKem {
  /** RFC 9180 §7.1 */
  readonly id: number
  /** Encap; undefined when the public key is invalid. */
  encapsulate(
    publicKey: Uint8Array,
    random: Random,
  ): { readonly sharedSecret: Uint8Array; readonly encapsulated: Uint8Array } | undefined
}

/** A recipient's key pair. */
export interface HpkeKeyPair {
  readonly kemId: number
  readonly publicKey: Uint8Array
  /** Decap; undefined when `encapsulated` is invalid. */
  decapsulate(encapsulated: Uint8Array): Uint8Array | undefined
}

/** What both sides know and the message is bound to. */
export interface HpkeContext {
  readonly info: Uint8Array
  readonly aad: Uint8Array
}

/** What travels. */
export interface HpkeMessage {
  readonly encapsulated: Uint8Array
  readonly ciphertext: Uint8Array
}

/**
 * Encrypts one message to a public key: SealBase of RFC 9180 §6.1 with HKDF-SHA256 and ChaCha20Poly1305. Undefined when
 * the key is invalid.
 */
export function hpkeSeal(
  kem: HpkeKem,
  recipient: Uint8Array,
  plaintext: Uint8Array,
  context: HpkeContext & { readonly random: Random },
): HpkeMessage | undefined {
  const secret = kem.encapsulate(recipient, context.random)
  if (secret === undefined) {
    return undefined
  }
  const { key, nonce } = hpkeKeySchedule(kem.id, secret.sharedSecret, context.info)
  return { encapsulated: secret.encapsulated, ciphertext: aeadSeal({ key, nonce, aad: context.aad }, plaintext) }
}

/** Decrypts what `hpkeSeal` gave: OpenBase of RFC 9180 §6.1. Undefined for anything else. */
export function hpkeOpen(keyPair: HpkeKeyPair, message: HpkeMessage, context: HpkeContext): Uint8Array | undefined {
  const sharedSecret = keyPair.decapsulate(message.encapsulated)
  if (sharedSecret === undefined) {
    return undefined
  }
  const { key, nonce } = hpkeKeySchedule(keyPair.kemId, sharedSecret, context.info)
  return aeadOpen({ key, nonce, aad: context.aad }, message.ciphertext)
}

/** KeySchedule of RFC 9180 §5.1 in base mode, without the exporter; the nonce is that of the first message. */
export function hpkeKeySchedule(
  kemId: number,
  sharedSecret: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const suiteId = concat([
    toUtf8('HPKE'),
    ...[kemId, HKDF_SHA256_ID, CHACHA20_POLY1305_ID].map((id) => Uint8Array.of(id >> 8, id & 0xff)),
  ])
  const context = concat([
    Uint8Array.of(0),
    labeledExtract(suiteId, NOTHING, 'psk_id_hash', NOTHING),
    labeledExtract(suiteId, NOTHING, 'info_hash', info),
  ])
  const secret = labeledExtract(suiteId, sharedSecret, 'secret', NOTHING)
  return {
    key: labeledExpand(suiteId, secret, 'key', context, AEAD_KEY_BYTES),
    nonce: labeledExpand(suiteId, secret, 'base_nonce', context, AEAD_NONCE_BYTES),
  }
}

/** RFC 9180 §4 */
export function labeledExtract(suiteId: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hmacSha256(salt, concat([toUtf8('HPKE-v1'), suiteId, toUtf8(label), ikm]))
}

/** RFC 9180 §4; of HKDF-Expand (RFC 5869 §2.3) the first block, which is all that is ever asked for here. */
export function labeledExpand(
  suiteId: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  assert(length <= SHA256_BYTES, `at most ${SHA256_BYTES} bytes at a time`)
  const labeled = [Uint8Array.of(length >> 8, length & 0xff), toUtf8('HPKE-v1'), suiteId, toUtf8(label), info]
  return hmacSha256(prk, concat([...labeled, Uint8Array.of(1)])).subarray(0, length)
}

function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(bytes).digest())
}
