import { equals } from 'uint8arrays/equals'
import { type AccountRecord, openAccountRecord, RECORD_CLOCK_SKEW_MS } from '../identity/account-record.ts'
import { verify } from '../identity/ed25519.ts'
import { RecordError } from '../identity/record-error.ts'
import { decodedOr } from '../util/decoded-or.ts'
import type { ProtobufMessage } from '../util/protobuf.ts'
import type { ProtocolViolation } from '../util/protocol-violation.ts'
import { aeadOpen } from './aead.ts'
import { type HpkeKeyPair, hpkeOpen } from './hpke.ts'
import { LetterError } from './letter-error.ts'
import { bodyParameters, letterSecrets, signedBytes, wrapContext } from './letter-key.ts'
import {
  LETTER_SIZES_BYTES,
  type LetterStatement,
  letterContent,
  letterStatement,
  type SealedLetter,
  sealedLetter,
  WRAP_COUNTS,
  type Wrap,
} from './letter-message.ts'
import { unpad } from './letter-size.ts'

/** How long a letter stays with its custodians (protocols.md, "Mailbox protocol"), and so how old it may be. */
export const LETTER_RETENTION_MS: number = 14 * 24 * 3_600_000
/** A letter sent longer ago is refused; clocks may differ as much as for account records. */
export const LETTER_AGE_MAX_MS: number = LETTER_RETENTION_MS + RECORD_CLOCK_SKEW_MS
/** For so long a recipient must remember (sender, message id): a letter may be sent "in the future" by a fast clock. */
export const LETTER_DUPLICATES_KEPT_MS: number = LETTER_AGE_MAX_MS + RECORD_CLOCK_SKEW_MS

/** A prekey of this node with its private half. */
export interface PrekeyPair {
  /** 8 bytes. */
  readonly id: Uint8Array
  readonly keyPair: HpkeKeyPair
}

/** What this node has to open letters of one account with. */
export interface LetterKeys {
  /** The account's key, 32 bytes. */
  readonly recipientAccount: Uint8Array
  /** Published prekeys whose private half still exists, the current one first. All are tried: letters do not name them. */
  readonly prekeys: readonly PrekeyPair[]
  /** The single-use prekey with this id, if it still exists. @default none do */
  readonly singleUse?: (id: Uint8Array) => PrekeyPair | undefined
  /** Ms since 1970 UTC. */
  readonly nowMs: number
}

/** A letter that was opened and whose sender is certain. */
export interface OpenedLetter {
  /** The sender's account key. */
  readonly sender: Uint8Array
  /** Sequence of the sender's account record when it wrote; above the one known here, the record should be looked up. */
  readonly recordSequence: number
  /** The sender's verified account record, if it came along and has not expired. */
  readonly senderRecord?: AccountRecord
  readonly stanza: Uint8Array
  /** Ms since 1970 UTC by the sender's clock. */
  readonly sentMs: number
  readonly messageId: string
  /** The prekey it was sealed to; a single-use one is to be destroyed in the transaction that stores the message. */
  readonly prekeyId: Uint8Array
  readonly singleUse: boolean
}

/**
 * Opens and verifies a letter that anybody may have sent.
 *
 * @throws LetterError, and nothing else
 */
export function openLetter(bytes: Uint8Array, keys: LetterKeys): OpenedLetter {
  const letter = decodeLetter(bytes)
  const found = findKey(letter, keys)
  const { key, commitment } = letterSecrets(found.letterKey)
  if (!equals(commitment, letter.commitment)) {
    throw new LetterError('decrypt', 'the key is not the one the letter commits to')
  }
  const padded = aeadOpen(bodyParameters(key, letter), letter.body)
  if (padded === undefined) {
    throw new LetterError('decrypt', 'the body was changed')
  }
  const { record, ...said } = verified(padded, keys.recipientAccount, commitment)
  checkTime(said.sentMs, keys.nowMs)
  const senderRecord = openRecord(record, said.sender, keys.nowMs)
  return {
    ...said,
    ...(senderRecord !== undefined && { senderRecord }),
    prekeyId: found.prekeyId,
    singleUse: found.singleUse,
  }
}

function decodeLetter(bytes: Uint8Array): SealedLetter {
  if (!LETTER_SIZES_BYTES.includes(bytes.length)) {
    throw new LetterError('malformed', `no letter has ${bytes.length} bytes`)
  }
  const letter = decode(sealedLetter, bytes)
  if (!WRAP_COUNTS.includes(letter.wraps.length)) {
    throw new LetterError('malformed', `no letter has ${letter.wraps.length} wraps`)
  }
  // Fields of later versions are skipped when decoding, but would be an unsigned way to make many letters of one.
  if (!equals(sealedLetter.encode(letter), bytes)) {
    throw new LetterError('malformed', 'the letter has unknown fields')
  }
  return letter
}

interface FoundKey {
  readonly letterKey: Uint8Array
  readonly prekeyId: Uint8Array
  readonly singleUse: boolean
}

function findKey(letter: SealedLetter, keys: LetterKeys): FoundKey {
  for (const wrap of letter.wraps) {
    const prekey = keys.singleUse?.(wrap.hint)
    const letterKey = prekey && unwrap(wrap, prekey, letter, keys)
    if (prekey !== undefined && letterKey !== undefined) {
      return { letterKey, prekeyId: prekey.id, singleUse: true }
    }
  }
  for (const prekey of keys.prekeys) {
    for (const wrap of letter.wraps) {
      const letterKey = unwrap(wrap, prekey, letter, keys)
      if (letterKey !== undefined) {
        return { letterKey, prekeyId: prekey.id, singleUse: false }
      }
    }
  }
  throw new LetterError('not-for-us', 'none of our prekeys opens it')
}

function unwrap(
  wrap: Wrap,
  { keyPair }: PrekeyPair,
  { commitment }: SealedLetter,
  { recipientAccount }: LetterKeys,
): Uint8Array | undefined {
  const message = { encapsulated: wrap.encapsulated, ciphertext: wrap.key }
  return hpkeOpen(keyPair, message, wrapContext(recipientAccount, commitment))
}

function verified(padded: Uint8Array, recipientAccount: Uint8Array, commitment: Uint8Array): LetterStatement {
  const content = unpad(padded)
  if (content === undefined) {
    throw new LetterError('malformed', 'the padding has no mark')
  }
  const { statement, signature } = decode(letterContent, content)
  const said = decode(letterStatement, statement)
  if (!verify(said.sender, signedBytes(recipientAccount, commitment, statement), signature)) {
    throw new LetterError('signature', 'not signed for this account by the sender it names')
  }
  return said
}

function checkTime(sentMs: number, nowMs: number): void {
  if (sentMs < nowMs - LETTER_AGE_MAX_MS) {
    throw new LetterError('expired', 'the letter is older than letters become')
  }
  if (sentMs > nowMs + RECORD_CLOCK_SKEW_MS) {
    throw new LetterError('not-yet-valid', 'the letter was sent in the future')
  }
}

function openRecord(record: Uint8Array, publicKey: Uint8Array, nowMs: number): AccountRecord | undefined {
  if (record.length === 0) {
    return undefined
  }
  try {
    return openAccountRecord(record, { nowMs, publicKey })
  } catch (error) {
    if (!(error instanceof RecordError)) {
      throw error
    }
    if (error.reason === 'expired' || error.reason === 'not-yet-valid') {
      // It was valid when the letter was sent; the letter is no less its sender's for that.
      return undefined
    }
    throw new LetterError('sender-record', `the sender's record: ${error.message}`, { cause: error })
  }
}

function decode<T>(message: ProtobufMessage<T>, bytes: Uint8Array): T {
  const refuse = (violation: ProtocolViolation): never => {
    throw new LetterError('malformed', violation.message, { cause: violation })
  }
  return decodedOr(message, bytes, refuse, { canonical: true })
}
