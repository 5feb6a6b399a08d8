import { RECORD_MAX_BYTES } from '../identity/account-record-message.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../identity/ed25519.ts'
import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import { AEAD_TAG_BYTES } from './aead.ts'
import { XWING_CIPHERTEXT_BYTES } from './xwing.ts'

/**
 * What a sealed letter may measure, in bytes and exactly. The smallest is twice the 1 KiB first planned: one wrapped key
 * alone takes 1,186 bytes.
 */
export const LETTER_SIZES_BYTES: readonly number[] = [2048, 4096, 16_384, 65_536]
export const LETTER_MAX_BYTES = 65_536
/** How many wrapped keys a letter may show; a letter for 3 nodes has 4. */
export const WRAP_COUNTS: readonly number[] = [1, 2, 4, 8, 16]
/** Nodes of an account (RECORD_NODES_MAX), each with a wrapped key. */
export const LETTER_RECIPIENTS_MAX = 16
/** The id of a single-use prekey, or as many random bytes. */
export const HINT_BYTES = 8
/** The sending node's message id, UTF-8. */
const MESSAGE_ID_MAX_BYTES = 256
/** The key of one letter, and the commitment to it. */
export const LETTER_KEY_BYTES = 32
export const COMMITMENT_BYTES = 32

/** The letter's key, sealed to one prekey. */
export interface Wrap {
  readonly hint: Uint8Array
  readonly encapsulated: Uint8Array
  readonly key: Uint8Array
}

/** What a custodian sees of a letter besides its body. */
export interface LetterHeader {
  /** Bound to the letter's key: no body opens under two keys. */
  readonly commitment: Uint8Array
  readonly wraps: readonly Wrap[]
}

/** A letter as it travels. */
export interface SealedLetter extends LetterHeader {
  readonly body: Uint8Array
}

/** What the sender says. */
export interface LetterStatement {
  /** The sender's account key. */
  readonly sender: Uint8Array
  /** Sequence of the sender's account record at that time; 0 when unknown. */
  readonly recordSequence: number
  /** Ms since 1970 UTC by the sender's clock. */
  readonly sentMs: number
  readonly messageId: string
  /** Opaque here. */
  readonly stanza: Uint8Array
  /** The sender's account record as it travels, empty when it was left out. */
  readonly record: Uint8Array
}

/** The statement and the sender's signature: what the body holds before padding. */
export interface LetterContent {
  readonly statement: Uint8Array
  readonly signature: Uint8Array
}

// Field numbers are for ever. Sealed letters are refused when they hold anything but these fields, so that nobody can
// make a second letter of one by adding to it.

const wrap: ProtobufMessage<Wrap> = protobufMessage({
  hint: exactly(1, HINT_BYTES),
  encapsulated: exactly(2, XWING_CIPHERTEXT_BYTES),
  key: exactly(3, LETTER_KEY_BYTES + AEAD_TAG_BYTES),
})

const headerFields = {
  commitment: exactly(1, COMMITMENT_BYTES),
  wraps: field.repeated(field.message(2, wrap), { maxItems: LETTER_RECIPIENTS_MAX }),
} as const

/** Everything of a letter but its body; the body is authenticated together with it. */
export const letterHeader: ProtobufMessage<LetterHeader> = protobufMessage(headerFields)

/** docs/protocol/sealed-letters.md */
export const sealedLetter: ProtobufMessage<SealedLetter> = protobufMessage({
  ...headerFields,
  body: field.bytes(3, { minBytes: AEAD_TAG_BYTES, maxBytes: LETTER_MAX_BYTES }),
})

/** The signed part. */
export const letterStatement: ProtobufMessage<LetterStatement> = protobufMessage({
  sender: exactly(1, PUBLIC_KEY_BYTES),
  recordSequence: field.uint64(2),
  sentMs: field.uint64(3),
  messageId: field.string(4, { minBytes: 1, maxBytes: MESSAGE_ID_MAX_BYTES }),
  stanza: field.bytes(5, { minBytes: 1, maxBytes: LETTER_MAX_BYTES }),
  record: field.bytes(6, { maxBytes: RECORD_MAX_BYTES }),
})

/** What is sealed, before padding. */
export const letterContent: ProtobufMessage<LetterContent> = protobufMessage({
  statement: field.bytes(1, { minBytes: 1, maxBytes: LETTER_MAX_BYTES }),
  signature: exactly(2, SIGNATURE_BYTES),
})

function exactly(number: number, length: number): ReturnType<typeof field.bytes> {
  return field.bytes(number, { minBytes: length, maxBytes: length })
}
