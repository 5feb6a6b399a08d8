import type { Store } from '../system/store.ts'
import { deleteRecordRow } from './record-rows.ts'
import { accountRecordsTable, type RecordRole } from './tables/records.ts'

/** Expired records deleted in one transaction: at most 2 MiB in memory. *ours* */
const EXPIRY_BATCH_RECORDS = 64

/** Deletes one batch of the expired records of one role; how many that were. */
export function deleteExpiredRecords(store: Store, role: RecordRole, nowMs: number): Promise<number> {
  const expired = { index: 'by_expiry', prefix: [role], to: nowMs, limit: EXPIRY_BATCH_RECORDS } as const
  return store.transaction((transaction) => {
    const rows = transaction.list(accountRecordsTable, expired)
    for (const row of rows) {
      deleteRecordRow(transaction, row)
    }
    return rows.length
  })
}
