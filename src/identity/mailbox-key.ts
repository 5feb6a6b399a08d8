import { hash, hkdfSync, type KeyObject } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'
import { fromHex, toUtf8 } from '../util/bytes.ts'
import type { AccountKey } from './account-key.ts'
import type { RecordBody } from './account-record-message.ts'
import { privateKeyFromSeed, publicKeyFromSeed, SEED_BYTES, type SigningKey, sign, verify } from './ed25519.ts'

export const DAY_MS: number = 24 * 3_600_000
/** Days for which an account record names mailboxes: those in which it is valid and those its letters then stay. */
export const MAILBOX_KEYS_AHEAD_DAYS = 44
/** A day's number goes into the derivation as an unsigned 32-bit integer; this is in the year 11,761,191. */
const DAY_MAX = 0xffff_ffff
/** Keys derived in one call, 0.1 ms each: what a record may name (MAILBOX_KEYS_MAX). */
export const MAILBOX_KEYS_DERIVED_MAX = 64

const DERIVATION_LABEL = toUtf8('kabber-mailbox')
const PLACE_PREFIX = toUtf8('kabber-mailbox:')
const NO_SALT = new Uint8Array(0)

/** The key that is an account's mailbox on one UTC day. Who has it may collect there; it shows nothing of the account. */
export interface MailboxKey extends SigningKey {
  /** Days since 1970-01-01 UTC. */
  readonly day: number
}

/** What a signature with a mailbox key is for; permits have a prefix of their own. */
export type MailboxPurpose = 'collect' | 'acknowledge'

/** The UTC day of a time in ms since 1970 UTC. */
export function dayOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS)
}

/** The account's mailbox of a day: HKDF-SHA256 (RFC 5869) of the account's seed, info "kabber-mailbox" ‖ day (32 bit). */
export function mailboxKey(account: AccountKey, day: number): MailboxKey {
  assert(Number.isInteger(day) && day >= 0 && day <= DAY_MAX, `day ${day}`)
  return new DerivedKey(account, day)
}

/**
 * Only the public half is kept ready, for which there is more use and which takes a tenth of the room: an account has some
 * 60 mailboxes, and signs with few of them.
 */
class DerivedKey implements MailboxKey {
  readonly day: number
  readonly publicKey: Uint8Array
  readonly #account: AccountKey

  constructor(account: AccountKey, day: number) {
    this.day = day
    this.#account = account
    this.publicKey = publicKeyFromSeed(seedOf(account, day))
  }

  /** Derived anew each time, in 0.05 ms. */
  get privateKey(): KeyObject {
    return privateKeyFromSeed(seedOf(this.#account, this.day))
  }
}

function seedOf(account: AccountKey, day: number): Uint8Array {
  const info = new Uint8Array(DERIVATION_LABEL.length + 4)
  info.set(DERIVATION_LABEL)
  new DataView(info.buffer).setUint32(DERIVATION_LABEL.length, day)
  return new Uint8Array(hkdfSync('sha256', account.seed, NO_SALT, info, SEED_BYTES))
}

/** The account's mailboxes of `count` days (at most 64) from `fromDay` on. */
export function mailboxKeysFrom(account: AccountKey, fromDay: number, count: number): MailboxKey[] {
  assert(count >= 0 && count <= MAILBOX_KEYS_DERIVED_MAX, `at most ${MAILBOX_KEYS_DERIVED_MAX} days at once`)
  return Array.from({ length: count }, (_, index) => mailboxKey(account, fromDay + index))
}

/**
 * The public key of an account's mailbox on a day, from its record, whose list begins with the day of issue; undefined
 * for days the record does not name.
 */
export function mailboxOfDay(
  record: Pick<RecordBody, 'issuedMs' | 'mailboxKeys'>,
  day: number,
): Uint8Array | undefined {
  return record.mailboxKeys[day - dayOf(record.issuedMs)]
}

/** Where a mailbox is in the DHT: SHA-256("kabber-mailbox:" + public key), 32 bytes. */
export function mailboxPlace(publicKey: Uint8Array): Uint8Array {
  return fromHex(hash('sha256', concat([PLACE_PREFIX, publicKey]), 'hex'))
}

/** Signs a custodian's challenge or a list of letter ids, as encoded by the mailbox protocol; 64 bytes. */
export function signForMailbox(key: SigningKey, purpose: MailboxPurpose, bytes: Uint8Array): Uint8Array {
  return sign(key, prefixed(purpose, bytes))
}

/** Whether `signature` was made by `signForMailbox` with this mailbox's key; false, never an exception. */
export function verifyForMailbox(
  publicKey: Uint8Array,
  purpose: MailboxPurpose,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(publicKey, prefixed(purpose, bytes), signature)
}

function prefixed(purpose: MailboxPurpose, bytes: Uint8Array): Uint8Array {
  return concat([toUtf8(`kabber-mailbox-${purpose}:`), bytes])
}
