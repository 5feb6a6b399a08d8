import { PEER_ID_LENGTH } from '../identity/peer-id.ts'
import { decodedOr } from '../util/decoded-or.ts'
import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import { LETTER_RETENTION_MS } from './open-letter.ts'
import { type Prekey, type PrekeySecret, prekeyMessage } from './prekey.ts'

const DAY_MS = 24 * 3_600_000
/** Unused single-use prekeys a node keeps for one contact: about 20 KB when handed over, 100 B each at home. *ours* */
export const SINGLE_USE_PER_CONTACT_MAX = 16
/** With fewer left, the contact gets new ones. *ours* */
const SINGLE_USE_REFILL_BELOW = 8
/** How long after it was made a contact may use one. *ours* */
export const SINGLE_USE_VALIDITY_MS: number = 30 * DAY_MS
/** When the private half goes although unused: then the last letter for it has expired, a day for clocks included. */
export const SINGLE_USE_KEPT_MS: number = SINGLE_USE_VALIDITY_MS + LETTER_RETENTION_MS + DAY_MS

/** Single-use prekeys of one node, as they are handed to a contact inside the encrypted conversation. */
export interface SingleUseBundle {
  /** The node they are for, so that a letter to several nodes takes one of each. */
  readonly peerId: string
  readonly prekeys: readonly Prekey[]
}

const bundleMessage: ProtobufMessage<SingleUseBundle> = protobufMessage({
  peerId: field.string(1, { minBytes: PEER_ID_LENGTH, maxBytes: PEER_ID_LENGTH }),
  prekeys: field.repeated(field.message(2, prekeyMessage), { maxItems: SINGLE_USE_PER_CONTACT_MAX }),
})

/** At most 16 prekeys. */
export function encodeSingleUseBundle(bundle: SingleUseBundle): Uint8Array {
  return bundleMessage.encode(bundle)
}

/** A contact's bundle; undefined for bytes that are none. */
export function decodeSingleUseBundle(bytes: Uint8Array): SingleUseBundle | undefined {
  return decodedOr(bundleMessage, bytes, () => undefined)
}

/** What to do about the single-use prekeys this node made for one contact. */
export interface SingleUsePlan {
  /** How many to make and hand over. */
  readonly create: number
  /** Ids whose rows are to be deleted, although unused. */
  readonly destroy: readonly Uint8Array[]
}

/** Plans for one contact from the private halves that exist; one that opened a letter is deleted at once, not here. */
export function planSingleUse(rows: readonly PrekeySecret[], nowMs: number): SingleUsePlan {
  const over = rows.filter(({ createdMs }) => nowMs - createdMs >= SINGLE_USE_KEPT_MS)
  const usable = rows.filter(({ createdMs }) => isSingleUseValid({ createdMs }, nowMs)).length
  return {
    create: usable < SINGLE_USE_REFILL_BELOW ? SINGLE_USE_PER_CONTACT_MAX - usable : 0,
    destroy: over.map(({ id }) => id),
  }
}

/** Whether a contact's single-use prekey may still be used for a new letter. */
export function isSingleUseValid(prekey: Pick<Prekey, 'createdMs'>, nowMs: number): boolean {
  return nowMs - prekey.createdMs < SINGLE_USE_VALIDITY_MS
}
