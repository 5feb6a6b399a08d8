import { xor } from 'uint8arrays/xor'
import { type AccountRecord, recordPlace } from '../identity/account-record.ts'
import { kadId } from '../identity/kad-id.ts'
import type { Reader, Row, Transaction } from '../system/store.ts'
import { accountRecordsTable, type RecordRole, recordTotalsTable } from './tables/records.ts'

export type RecordRow = Row<typeof accountRecordsTable>

/** How many records of one role there are, and their bytes. */
export interface RecordTotals {
  readonly records: number
  readonly bytes: number
}

/** Makes the row of a record. `kadId` is this node's own. */
export function recordRow(
  role: RecordRole,
  record: AccountRecord,
  at: { kadId: Uint8Array; expiresMs: number; seenMs: number },
): RecordRow {
  return {
    role,
    public_key: record.publicKey,
    sequence: record.sequence,
    expires_ms: at.expiresMs,
    seen_ms: at.seenMs,
    distance: xor(kadId(recordPlace(record.publicKey)), at.kadId),
    bytes: record.encoded,
  }
}

export function recordTotals(reader: Pick<Reader, 'get'>, role: RecordRole): RecordTotals {
  return reader.get(recordTotalsTable, [role]) ?? { records: 0, bytes: 0 }
}

/** Inserts or replaces, and keeps the totals. */
export function putRecordRow(transaction: Transaction, row: RecordRow): void {
  deleteRecordRow(transaction, row)
  transaction.put(accountRecordsTable, row)
  addToTotals(transaction, row.role, 1, row.bytes.length)
}

/** Deletes the row of this role and account, if there is one, and keeps the totals. */
export function deleteRecordRow(transaction: Transaction, row: Pick<RecordRow, 'role' | 'public_key'>): void {
  const key = [row.role, row.public_key]
  const present = transaction.get(accountRecordsTable, key)
  if (present !== undefined) {
    transaction.delete(accountRecordsTable, key)
    addToTotals(transaction, row.role, -1, -present.bytes.length)
  }
}

function addToTotals(transaction: Transaction, role: string, records: number, bytes: number): void {
  const totals = transaction.get(recordTotalsTable, [role]) ?? { records: 0, bytes: 0 }
  transaction.put(recordTotalsTable, { role, records: totals.records + records, bytes: totals.bytes + bytes })
}
