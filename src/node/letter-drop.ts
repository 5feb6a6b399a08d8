import { fromHex } from '../util/bytes.ts'
import type { LetterChange } from './letter-change.ts'
import { mailboxTombstones } from './letter-rows.ts'
import { lettersTable } from './tables/letters.ts'

/** Deletes all letters and tombstones of a mailbox (in text): at most MAILBOX_MAX_ENTRIES. */
export function dropMailbox(change: LetterChange, mailbox: string): void {
  const key = fromHex(mailbox)
  for (const row of change.transaction.list(lettersTable, { index: 'by_id', prefix: [key] })) {
    change.remove(row)
  }
  for (const row of mailboxTombstones(change.transaction, key)) {
    change.removeTombstone(row)
  }
}
