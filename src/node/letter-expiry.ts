import type { LetterChange } from './letter-change.ts'
import { lettersTable, tombstonesTable } from './tables/letters.ts'

/** Letters, and tombstones, deleted in one transaction: a few ms. *ours* */
const EXPIRY_BATCH_ROWS = 256

/** Deletes one batch of expired letters and tombstones; how many rows that were. */
export function deleteExpiredLetters(change: LetterChange, nowMs: number): number {
  let deleted = 0
  for (const kind of ['stranger', 'permit']) {
    const range = { index: 'by_age', prefix: [kind], to: nowMs, limit: EXPIRY_BATCH_ROWS } as const
    for (const row of change.transaction.list(lettersTable, range)) {
      change.remove(row)
      deleted++
    }
  }
  const range = { index: 'by_expiry', to: nowMs, limit: EXPIRY_BATCH_ROWS } as const
  for (const row of change.transaction.list(tombstonesTable, range)) {
    change.removeTombstone(row)
    deleted++
  }
  return deleted
}
