import { hash } from 'node:crypto'
import { compare } from 'uint8arrays/compare'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromHex, toUtf8 } from '../util/bytes.ts'
import { decodedOr } from '../util/decoded-or.ts'
import type { ProtobufMessage } from '../util/protobuf.ts'
import type { ProtocolViolation } from '../util/protocol-violation.ts'
import type { AccountKey } from './account-key.ts'
import { RECORD_MAX_BYTES, type RecordBody, recordBody, recordEnvelope } from './account-record-message.ts'
import { verify } from './ed25519.ts'
import { isMultiaddrText } from './multiaddr-text.ts'
import { publicKeyFromPeerId } from './peer-id.ts'
import { RecordError } from './record-error.ts'
import { xidFromPublicKey } from './xid.ts'

const HOUR_MS = 3_600_000

/** How long a record is valid at most: an account whose nodes are all away for longer has to publish again. */
export const RECORD_VALIDITY_MS: number = 30 * 24 * HOUR_MS

/**
 * How far in the future a record may have been issued: a clock set to local time instead of UTC is off by up to 14 h, one
 * with a wrong date by a day; 2 h for the rest.
 */
export const RECORD_CLOCK_SKEW_MS: number = 26 * HOUR_MS

const SIGNATURE_PREFIX = toUtf8('kabber-account-record:')
const PLACE_PREFIX = toUtf8('kabber-account:')

/** An account record that was verified: who serves this account, and how to seal for it. */
export interface AccountRecord extends RecordBody {
  /** The account's bare JID. */
  readonly address: string
  /** The record as it travels; to be passed on unchanged. */
  readonly encoded: Uint8Array
}

/**
 * Signs a record for `key`'s account. The result is one that `openAccountRecord` accepts.
 *
 * @throws RecordError: `too-large`, or `malformed` when the content breaks a rule
 */
export function signAccountRecord(key: AccountKey, content: Omit<RecordBody, 'publicKey'>): Uint8Array {
  const record: RecordBody = { ...content, publicKey: key.publicKey }
  checkContent(record)
  const body = recordBody.encode(record)
  checkSize(body)
  const encoded = recordEnvelope.encode({ body, signature: key.sign(concat([SIGNATURE_PREFIX, body])) })
  checkSize(encoded)
  return encoded
}

/**
 * Verifies a record that anybody may have sent; with `publicKey`, that it is this account's.
 *
 * @throws RecordError, and nothing else
 */
export function openAccountRecord(
  bytes: Uint8Array,
  expected: { readonly nowMs: number; readonly publicKey?: Uint8Array },
): AccountRecord {
  checkSize(bytes)
  const encoded = new Uint8Array(bytes)
  const envelope = decodeCanonical(recordEnvelope, encoded)
  // An unsigned addition to the envelope would make many records of one signature.
  if (!equals(recordEnvelope.encode(envelope), encoded)) {
    throw new RecordError('malformed', 'the envelope has unknown fields')
  }
  const record = decodeCanonical(recordBody, envelope.body)
  if (expected.publicKey !== undefined && !equals(record.publicKey, expected.publicKey)) {
    throw new RecordError('wrong-account', `the record is that of ${xidFromPublicKey(record.publicKey)}`)
  }
  if (!verify(record.publicKey, concat([SIGNATURE_PREFIX, envelope.body]), envelope.signature)) {
    throw new RecordError('signature', 'the signature is not that of the account')
  }
  checkContent(record)
  checkTime(record, expected.nowMs)
  return { ...record, address: xidFromPublicKey(record.publicKey), encoded }
}

/** Where an account's record lives in the DHT: SHA-256("kabber-account:" + public key). */
export function recordPlace(publicKey: Uint8Array): Uint8Array {
  return fromHex(hash('sha256', concat([PLACE_PREFIX, publicKey]), 'hex'))
}

/**
 * Whether `a` replaces `b` (records of one account): the higher sequence, and of equal ones the greater bytes, so that
 * all nodes choose alike.
 */
export function isNewer(a: AccountRecord, b: AccountRecord): boolean {
  return a.sequence === b.sequence ? compare(a.encoded, b.encoded) > 0 : a.sequence > b.sequence
}

function checkSize(encoded: Uint8Array): void {
  if (encoded.length > RECORD_MAX_BYTES) {
    throw new RecordError(
      'too-large',
      `the record has ${encoded.length} bytes, at most ${RECORD_MAX_BYTES} are allowed`,
    )
  }
}

function decodeCanonical<T>(message: ProtobufMessage<T>, bytes: Uint8Array): T {
  const refuse = (violation: ProtocolViolation): never => {
    throw new RecordError('malformed', violation.message, { cause: violation })
  }
  return decodedOr(message, bytes, refuse, { canonical: true })
}

/** The rules that the encoding alone does not enforce. */
function checkContent(record: RecordBody): void {
  const { issuedMs, expiresMs, nodes } = record
  if (expiresMs <= issuedMs || expiresMs - issuedMs > RECORD_VALIDITY_MS) {
    throw new RecordError('malformed', 'a record is valid for more than 0 and at most 30 days')
  }
  if (new Set(nodes.map(({ peerId }) => peerId)).size < nodes.length) {
    throw new RecordError('malformed', 'a node is listed twice')
  }
  for (const { peerId, addresses } of nodes) {
    if (publicKeyFromPeerId(peerId) === undefined) {
      throw new RecordError('malformed', 'a node is not named by an Ed25519 PeerId')
    }
    if (!addresses.every(isMultiaddrText)) {
      throw new RecordError('malformed', 'an address of a node is no multiaddr')
    }
  }
}

function checkTime(record: RecordBody, nowMs: number): void {
  if (record.issuedMs > nowMs + RECORD_CLOCK_SKEW_MS) {
    throw new RecordError('not-yet-valid', 'the record was issued in the future')
  }
  if (record.expiresMs <= nowMs) {
    throw new RecordError('expired', 'the record has expired')
  }
}
