import { concat } from 'uint8arrays/concat'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'
import { toUtf8 } from '../util/bytes.ts'
import { decodedOr } from '../util/decoded-or.ts'
import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import type { AccountKey } from './account-key.ts'
import { SIGNATURE_BYTES, type SigningKey, sign, verify } from './ed25519.ts'
import { MAILBOX_KEYS_AHEAD_DAYS, mailboxKeysFrom } from './mailbox-key.ts'

const PERMIT_ID_BYTES = 16
/** Days of one bundle: as far ahead as account records name mailboxes; about 3.9 KB. */
export const PERMIT_DAYS_MAX: number = MAILBOX_KEYS_AHEAD_DAYS
const SIGNATURE_PREFIX = toUtf8('kabber-mailbox-permit:')

/** Leave of a mailbox's owner to deposit there. It shows neither who holds it nor whose mailbox it is. */
export interface Permit {
  /** 16 random bytes, by which custodians count. */
  readonly id: Uint8Array
  /** That day's mailbox key over the id. */
  readonly signature: Uint8Array
}

/** One contact's permits for consecutive days, with nothing in common but the list. */
export interface PermitBundle {
  /** The day of the first one, in days since 1970-01-01 UTC. */
  readonly fromDay: number
  readonly permits: readonly Permit[]
}

/** A permit as a field of other messages, in a deposit say: 84 bytes with its own tags. */
export const permitMessage: ProtobufMessage<Permit> = protobufMessage({
  id: field.bytes(1, { minBytes: PERMIT_ID_BYTES, maxBytes: PERMIT_ID_BYTES }),
  signature: field.bytes(2, { minBytes: SIGNATURE_BYTES, maxBytes: SIGNATURE_BYTES }),
})

const bundleMessage: ProtobufMessage<PermitBundle> = protobufMessage({
  fromDay: field.uint32(1),
  permits: field.repeated(field.message(2, permitMessage), { maxItems: PERMIT_DAYS_MAX }),
})

/** A permit for the mailbox of one day. */
export function issuePermit(mailbox: SigningKey, random: Random): Permit {
  const id = random.bytes(PERMIT_ID_BYTES)
  return { id, signature: sign(mailbox, permitBytes(mailbox.publicKey, id)) }
}

/** Permits for one contact, for `days` days (at most 44) from `fromDay` on. About 0.15 ms a day. */
export function issuePermits(
  account: AccountKey,
  range: { readonly fromDay: number; readonly days: number },
  random: Random,
): PermitBundle {
  assert(range.days >= 1 && range.days <= PERMIT_DAYS_MAX, `a bundle is for 1 to ${PERMIT_DAYS_MAX} days`)
  const mailboxes = mailboxKeysFrom(account, range.fromDay, range.days)
  return { fromDay: range.fromDay, permits: mailboxes.map((mailbox) => issuePermit(mailbox, random)) }
}

/** Whether a permit is for this mailbox; false, never an exception. */
export function verifyPermit(mailboxPublicKey: Uint8Array, permit: Permit): boolean {
  return (
    permit.id.length === PERMIT_ID_BYTES &&
    verify(mailboxPublicKey, permitBytes(mailboxPublicKey, permit.id), permit.signature)
  )
}

/** The permit for a day, undefined when the bundle has none. */
export function permitOfDay(bundle: PermitBundle, day: number): Permit | undefined {
  return bundle.permits[day - bundle.fromDay]
}

/** A bundle as it is handed to the contact, inside the encrypted conversation. */
export function encodePermitBundle(bundle: PermitBundle): Uint8Array {
  return bundleMessage.encode(bundle)
}

/** A contact's bundle; undefined for bytes that are none. Whether its permits are good shows only with the mailbox keys. */
export function decodePermitBundle(bytes: Uint8Array): PermitBundle | undefined {
  return decodedOr(bundleMessage, bytes, () => undefined)
}

function permitBytes(mailboxPublicKey: Uint8Array, id: Uint8Array): Uint8Array {
  return concat([SIGNATURE_PREFIX, mailboxPublicKey, id])
}
