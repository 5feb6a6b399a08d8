import type { Tombstone } from '../protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS, MAILBOX_MAX_ENTRIES } from '../protocol/mailbox/letter-limits.ts'
import type { QuotaState } from '../protocol/mailbox/quota-books.ts'
import type { Reader } from '../system/store.ts'
import { toHex } from '../util/bytes.ts'
import type { LetterChange } from './letter-change.ts'
import type { LetterEvent } from './letter-event.ts'
import { limitTombstones } from './letter-room.ts'
import { findLetter, findTombstone } from './letter-rows.ts'

/** A tombstone on disk with its indexes. *ours*, estimated */
const TOMBSTONE_BYTES = 512
/**
 * The part of a node's storage that tombstones may take beside the letters. Above it those that expire first give way:
 * at worst a letter comes back and its recipient, who knows it, acknowledges it again. *ours*
 */
const TOMBSTONE_SHARE = 0.125
/** Tombstones kept whatever the storage. *ours* */
const TOMBSTONES_MIN = 1_024

/** Acknowledgements of letters in one mailbox, their signatures checked. */
export interface Acknowledged {
  readonly mailboxKey: Uint8Array
  readonly tombstones: readonly Tombstone[]
  readonly nowMs: number
}

/** Tombstones a node keeps in all. */
function tombstonesMax({ nodeMaxBytes }: Pick<QuotaState, 'nodeMaxBytes'>): number {
  return Math.max(TOMBSTONES_MIN, Math.floor((nodeMaxBytes * TOMBSTONE_SHARE) / TOMBSTONE_BYTES))
}

/** Those of letters that are not here and not known to be acknowledged, with an expiry that lies ahead. */
export function unknownTombstones(
  reader: Pick<Reader, 'get' | 'list'>,
  { mailboxKey: mailbox, tombstones, nowMs }: Acknowledged,
): readonly Tombstone[] {
  return tombstones.filter(({ letterId, expiresMs }) => {
    const name = { mailbox, letterId }
    return expiresMs > nowMs && findLetter(reader, name) === undefined && findTombstone(reader, name) === undefined
  })
}

/** Puts tombstones in the place of letters; where none is, only if they come from a custodian (`mayBring`). */
export function acknowledgeLetters(
  change: LetterChange,
  acknowledged: Acknowledged & { readonly mayBring: boolean; readonly quota: QuotaState },
): LetterEvent[] {
  const { mailboxKey, tombstones, nowMs, mayBring, quota } = acknowledged
  const mailbox = toHex(mailboxKey)
  let latestMs = 0
  for (const { letterId, signature, expiresMs: claimedMs } of tombstones) {
    const row = findLetter(change.transaction, { mailbox: mailboxKey, letterId })
    const usage = quota.mailboxes.get(mailbox)
    const entries = (usage?.letters ?? 0) + (usage?.tombstones ?? 0)
    if (row !== undefined) {
      change.acknowledge(row, signature)
    } else if (mayBring && claimedMs > nowMs && entries < MAILBOX_MAX_ENTRIES) {
      const expiresMs = Math.min(claimedMs, nowMs + LETTER_RETENTION_MS)
      change.putTombstone({ mailbox: mailboxKey, letter_id: letterId, signature, expires_ms: expiresMs })
      latestMs = Math.max(latestMs, expiresMs)
    }
  }
  limitTombstones(change, quota.tombstones, tombstonesMax(quota))
  return latestMs === 0 ? [] : [{ type: 'kept', mailbox, expiresMs: latestMs, deposited: false, live: false }]
}
