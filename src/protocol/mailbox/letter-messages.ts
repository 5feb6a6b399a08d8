import { type Permit, permitMessage } from '../../identity/permit.ts'
import { WORK_NONCE_BYTES } from '../../sealing/proof-of-work.ts'
import { field, type ProtobufMessage, protobufMessage } from '../../util/protobuf.ts'
import type { Tombstone } from './letter-keeper.ts'
import { ACKNOWLEDGED_BATCH, LETTER_MAX_BYTES } from './letter-limits.ts'
import { CHALLENGE_BYTES, FRAME_MAX_BYTES } from './protocol.ts'

export const KEY_BYTES = 32
export const LETTER_ID_BYTES = 32
const SIGNATURE_BYTES = 64

/** Why a custodian does not do what it was asked, in the order of their numbers on the wire; new ones at the end. */
export const LETTER_REFUSALS = [
  'mailbox-full',
  'too-large',
  'rate-limited',
  'proof-of-work-required',
  'no-storage',
  /** A permit, acknowledgement or answer to a challenge that the mailbox's key has not signed. */
  'signature',
] as const

export type LetterRefusal = (typeof LETTER_REFUSALS)[number]

/** Why a collection is over, in the order of their numbers on the wire; new ones are added at the end. */
export const COLLECTION_ENDS = [
  /** All there was has been sent. */
  'done',
  /** The collector said STOP. */
  'stopped',
  'signature',
  /** The challenge was not answered in time. */
  'expired',
  /** This peer or all together collect or follow too much. */
  'rate-limited',
  /** This node keeps no letters. */
  'no-storage',
] as const

export type CollectionEnd = (typeof COLLECTION_ENDS)[number]

/** Exactly one of the two. */
interface CredentialFields {
  readonly permit?: Permit | undefined
  readonly proofOfWork?: Uint8Array | undefined
}

export interface Deposit extends CredentialFields {
  readonly mailboxKey: Uint8Array
  readonly letter: Uint8Array
}

/** Answer to FETCH. */
export interface ReplicaFields extends CredentialFields {
  readonly letter: Uint8Array
  readonly depositedMs: number
}

/** REPLICATE. */
export interface Replicate extends Deposit, ReplicaFields {}

export interface Collect {
  readonly mailboxKey: Uint8Array
  /** The `arrival` after which letters are wanted; 0: all. */
  readonly after: number
  /** Letters that come later are wanted too. */
  readonly follow: boolean
}

export interface Acknowledge {
  readonly mailboxKey: Uint8Array
  readonly tombstones: readonly Tombstone[]
}

export interface Receipt {
  readonly depositedMs: number
  readonly expiresMs: number
  readonly signature: Uint8Array
}

export interface LetterRefused {
  readonly reason: LetterRefusal
  /** With `proof-of-work-required`; 0: none. */
  readonly difficultyBits: number
  /** With `rate-limited`; 0: not told. */
  readonly retryAfterMs: number
}

const key = (number: number) => field.bytes(number, { minBytes: KEY_BYTES, maxBytes: KEY_BYTES })
const id = (number: number) => field.bytes(number, { minBytes: LETTER_ID_BYTES, maxBytes: LETTER_ID_BYTES })
const signature = (number: number) => field.bytes(number, { minBytes: SIGNATURE_BYTES, maxBytes: SIGNATURE_BYTES })
const credential = {
  permit: field.message(2, permitMessage),
  proofOfWork: field.optional(field.bytes(3, { minBytes: WORK_NONCE_BYTES, maxBytes: WORK_NONCE_BYTES })),
}
const oneCredential = { exactlyOne: ['permit', 'proofOfWork'] } as const
// Longer letters than allowed are let in where they can be refused with a reason.
const anyLetter = field.bytes(4, { minBytes: 1, maxBytes: FRAME_MAX_BYTES })
const letter = (number: number) => field.bytes(number, { minBytes: 1, maxBytes: LETTER_MAX_BYTES })

export const tombstoneMessage: ProtobufMessage<Tombstone> = protobufMessage({
  letterId: id(1),
  signature: signature(2),
  expiresMs: field.uint64(3),
})

export const depositMessage: ProtobufMessage<Deposit> = protobufMessage(
  { mailboxKey: key(1), ...credential, letter: anyLetter },
  oneCredential,
)

export const replicateMessage: ProtobufMessage<Replicate> = protobufMessage(
  { mailboxKey: key(1), ...credential, letter: anyLetter, depositedMs: field.uint64(5) },
  oneCredential,
)

export const replicaMessage: ProtobufMessage<ReplicaFields> = protobufMessage(
  { ...credential, letter: letter(4), depositedMs: field.uint64(5) },
  oneCredential,
)

export const collectMessage: ProtobufMessage<Collect> = protobufMessage({
  mailboxKey: key(1),
  after: field.uint64(2),
  follow: field.bool(3),
})

export const proveMessage: ProtobufMessage<{ readonly signature: Uint8Array }> = protobufMessage({
  signature: signature(1),
})

export const grantMessage: ProtobufMessage<{ readonly bytes: number }> = protobufMessage({ bytes: field.uint32(1) })

export const acknowledgeMessage: ProtobufMessage<Acknowledge> = protobufMessage({
  mailboxKey: key(1),
  tombstones: field.repeated(field.message(2, tombstoneMessage), { maxItems: ACKNOWLEDGED_BATCH }),
})

export const receiptMessage: ProtobufMessage<Receipt> = protobufMessage({
  depositedMs: field.uint64(1),
  expiresMs: field.uint64(2),
  signature: signature(3),
})

export const letterRefusedMessage: ProtobufMessage<LetterRefused> = protobufMessage({
  reason: field.enumeration(1, LETTER_REFUSALS),
  difficultyBits: field.uint32(2),
  retryAfterMs: field.uint32(3),
})

export const challengeMessage: ProtobufMessage<{ readonly nonce: Uint8Array }> = protobufMessage({
  nonce: field.bytes(1, { minBytes: CHALLENGE_BYTES, maxBytes: CHALLENGE_BYTES }),
})

export const collectedLetterMessage: ProtobufMessage<{
  readonly arrival: number
  readonly depositedMs: number
  readonly letter: Uint8Array
}> = protobufMessage({ arrival: field.uint64(1), depositedMs: field.uint64(2), letter: letter(3) })

export const endedMessage: ProtobufMessage<{ readonly reason: CollectionEnd }> = protobufMessage({
  reason: field.enumeration(1, COLLECTION_ENDS),
})
