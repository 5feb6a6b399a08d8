import type { Random } from '../system/random.ts'
import { decodedOr } from '../util/decoded-or.ts'
import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import { HINT_BYTES } from './letter-message.ts'
import type { PrekeyPair } from './open-letter.ts'
import { XWING_PUBLIC_KEY_BYTES, XWING_SEED_BYTES, type XWing } from './xwing.ts'

/** A prekey's id, random; of single-use ones it is the hint by which a letter names them. */
export const PREKEY_ID_BYTES: number = HINT_BYTES

/** The public half of a prekey, as the account record lists it (NodeEntry.prekeys) and contacts hand it over. */
export interface Prekey {
  readonly id: Uint8Array
  /** X-Wing, 1,216 bytes. */
  readonly publicKey: Uint8Array
  /** Ms since 1970 UTC. */
  readonly createdMs: number
}

/** The private half, as a row to be kept on disk. Deleting the row is what destroys it. */
export interface PrekeySecret {
  readonly id: Uint8Array
  /** 32 bytes. */
  readonly seed: Uint8Array
  readonly createdMs: number
}

/** A prekey as a field of other messages: 1,236 bytes with its own tags. */
export const prekeyMessage: ProtobufMessage<Prekey> = protobufMessage({
  id: field.bytes(1, { minBytes: PREKEY_ID_BYTES, maxBytes: PREKEY_ID_BYTES }),
  publicKey: field.bytes(2, { minBytes: XWING_PUBLIC_KEY_BYTES, maxBytes: XWING_PUBLIC_KEY_BYTES }),
  createdMs: field.uint64(3),
})

/** A new prekey's private half. */
export function createPrekey(random: Random, nowMs: number): PrekeySecret {
  return { id: random.bytes(PREKEY_ID_BYTES), seed: random.bytes(XWING_SEED_BYTES), createdMs: nowMs }
}

/** The prekey ready to open letters. Keep the result: making it costs half as much as opening a letter. */
export function prekeyPair(secret: PrekeySecret, kem: XWing): PrekeyPair {
  return { id: secret.id, keyPair: kem.keyFromSeed(secret.seed) }
}

/** The public half of a private one. */
export function publicPrekey(secret: PrekeySecret, kem: XWing): Prekey {
  return { id: secret.id, publicKey: kem.keyFromSeed(secret.seed).publicKey, createdMs: secret.createdMs }
}

/** For NodeEntry.prekeys; the account record's signature covers it. */
export function encodePrekey(prekey: Prekey): Uint8Array {
  return prekeyMessage.encode(prekey)
}

/** A prekey from an account record; undefined for bytes that are none. */
export function decodePrekey(bytes: Uint8Array): Prekey | undefined {
  return decodedOr(prekeyMessage, bytes, () => undefined)
}
