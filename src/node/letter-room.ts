import { LETTER_OVERHEAD_BYTES, LETTER_RETENTION_MS } from '../protocol/mailbox/letter-limits.ts'
import type { QuotaEffect } from '../protocol/mailbox/quota-state.ts'
import type { Range } from '../system/store.ts'
import { fromHex } from '../util/bytes.ts'
import type { LetterChange } from './letter-change.ts'
import type { LetterRow } from './letter-rows.ts'
import { lettersTable, tombstonesTable } from './tables/letters.ts'

/** Rows looked at in one go while room is made: one large letter takes the place of some 26 of the smallest. *ours* */
const ROOM_BATCH_LETTERS = 32

type MakeRoom = Extract<QuotaEffect, { type: 'make-room' }>

/** How much is still to go. */
interface Need {
  bytes: number
  letters: number
}

/** Deletes letters as the quota asks: expired ones, then strangers', the oldest first, until there is room or none is left. */
export function makeRoom(change: LetterChange, room: MakeRoom, nowMs: number): void {
  const need = { bytes: room.bytes, letters: room.letters }
  // A letter expires LETTER_RETENTION_MS after its deposit, so the order of expiry is that of age.
  const youngest = { expires: Math.min(room.storedBeforeMs + LETTER_RETENTION_MS, Number.MAX_SAFE_INTEGER) }
  if (room.mailbox !== undefined) {
    makeRoomInMailbox(change, { ...room, mailbox: room.mailbox }, nowMs)
    return
  }
  removeOldest(change, need, { kind: 'stranger', to: nowMs })
  if (!room.strangersOnly) {
    removeOldest(change, need, { kind: 'permit', to: nowMs })
  }
  removeOldest(change, need, { kind: 'stranger', to: youngest.expires - 1 })
}

/** Deletes tombstones, those that expire first, until at most `max` are left in all. */
export function limitTombstones(change: LetterChange, count: number, max: number): void {
  const excess = count - max
  const soonest = { index: 'by_expiry', limit: Math.max(0, excess) } as const
  for (const row of excess > 0 ? change.transaction.list(tombstonesTable, soonest) : []) {
    change.removeTombstone(row)
  }
}

function makeRoomInMailbox(change: LetterChange, room: MakeRoom & { mailbox: string }, nowMs: number): void {
  const need = { bytes: room.bytes, letters: room.letters }
  const rows = change.transaction.list(lettersTable, { index: 'by_id', prefix: [fromHex(room.mailbox)] })
  const rank = (row: LetterRow): number => (row.expires_ms <= nowMs ? 0 : 1)
  const mayGo = rows.filter((row) => {
    return row.kind === 'stranger'
      ? rank(row) === 0 || row.deposited_ms < room.storedBeforeMs
      : rank(row) === 0 && !room.strangersOnly
  })
  for (const row of mayGo.sort((one, other) => rank(one) - rank(other) || one.expires_ms - other.expires_ms)) {
    if (!isMissing(need)) {
      return
    }
    change.remove(row)
    // What a mailbox may hold is counted without overhead.
    need.bytes -= row.size
    need.letters--
  }
}

function removeOldest(change: LetterChange, need: Need, { kind, to }: { kind: string; to: number }): void {
  const oldest: Range<typeof lettersTable> = { index: 'by_age', prefix: [kind], to, limit: ROOM_BATCH_LETTERS }
  while (isMissing(need)) {
    const rows = change.transaction.list(lettersTable, oldest)
    if (rows.length === 0) {
      return
    }
    for (const row of rows) {
      if (isMissing(need)) {
        change.remove(row)
        need.bytes -= row.size + LETTER_OVERHEAD_BYTES
        need.letters--
      }
    }
  }
}

function isMissing({ bytes, letters }: Need): boolean {
  return bytes > 0 || letters > 0
}
