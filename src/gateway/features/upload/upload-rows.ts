import type { Reader, Row, Transaction } from '../../../system/store.ts'
import { uploadsTable, uploadTotalsTable } from '../../tables/uploads.ts'

const DAY_MS = 86_400_000

/** Largest file. *ours* */
export const MAX_FILE_BYTES = 67_108_864
/** Bytes that one account may put in 24 hours. *ours* */
const MAX_DAY_BYTES = 536_870_912
/** Slots of one account in 24 hours: each is a row. *ours* */
const MAX_DAY_SLOTS = 1_000
/** Bytes of all files and slots of all accounts. *ours* */
const MAX_TOTAL_BYTES = 1_073_741_824
/** From the request of a slot to the end of its use; XEP-0363 §8 recommends 300 s. */
const SLOT_VALIDITY_MS = 300_000
/** How long a file can be fetched: a letter waits 14 days at most, and clients fetch late. *ours* */
const FILE_VALIDITY_MS = 31 * DAY_MS

/** An upload as the store has it. */
export type UploadRow = Row<typeof uploadsTable>

/** What a client asks a slot for. */
export interface SlotRequest {
  readonly id: string
  readonly account: string
  readonly token: string
  readonly fileName: string
  readonly contentType: string
  readonly bytes: number
}

/**
 * Takes a slot, if the quotas allow it.
 *
 * @returns undefined when it was taken, otherwise the wall time in milliseconds when there may be room again
 */
export function takeSlot(transaction: Transaction, request: SlotRequest, nowMs: number): number | undefined {
  const { id, account, token, bytes } = request
  const waitUntilMs = quotaEndMs(transaction, account, bytes, nowMs)
  if (waitUntilMs === undefined) {
    const row = { id, account, token, file_name: request.fileName, content_type: request.contentType, bytes }
    transaction.put(uploadsTable, {
      ...row,
      is_stored: 0,
      created_ms: nowMs,
      expires_ms: nowMs + SLOT_VALIDITY_MS,
    })
    addToTotal(transaction, account, bytes)
  }
  return waitUntilMs
}

/** The upload of that id, unless its time is over. */
export function findUpload(reader: Reader, id: string, nowMs: number): UploadRow | undefined {
  const row = reader.get(uploadsTable, [id])
  return row !== undefined && row.expires_ms > nowMs ? row : undefined
}

/** Notes that the file of a slot is in the file store. False if the slot is gone meanwhile. */
export function fillSlot(transaction: Transaction, id: string, nowMs: number): boolean {
  const row = transaction.get(uploadsTable, [id])
  if (row === undefined) {
    return false
  }
  transaction.put(uploadsTable, { ...row, is_stored: 1, expires_ms: nowMs + FILE_VALIDITY_MS })
  return true
}

/** At most `limit` uploads of an account whose time is over, the oldest first. */
export function expiredUploads(reader: Reader, account: string, nowMs: number, limit: number): UploadRow[] {
  return reader.list(uploadsTable, { index: 'by_expiry', prefix: [account], to: nowMs, limit })
}

/** Forgets an upload whose file is gone; nothing if it was forgotten or filled since. */
export function dropUpload(transaction: Transaction, id: string, nowMs: number): void {
  const row = transaction.get(uploadsTable, [id])
  if (row !== undefined && row.expires_ms <= nowMs) {
    transaction.delete(uploadsTable, [id])
    addToTotal(transaction, row.account, -row.bytes)
  }
}

function quotaEndMs(reader: Reader, account: string, bytes: number, nowMs: number): number | undefined {
  const day = { index: 'by_account', prefix: [account], after: nowMs - DAY_MS, limit: MAX_DAY_SLOTS } as const
  const today = reader.list(uploadsTable, day)
  const dayBytes = today.reduce((sum, row) => sum + row.bytes, bytes)
  if (dayBytes > MAX_DAY_BYTES || today.length >= MAX_DAY_SLOTS) {
    return (today[0]?.created_ms ?? nowMs) + DAY_MS
  }
  const totalBytes = reader.list(uploadTotalsTable).reduce((sum, row) => sum + row.bytes, bytes)
  if (totalBytes > MAX_TOTAL_BYTES) {
    const [first] = reader.list(uploadsTable, { index: 'by_expiry', prefix: [account], limit: 1 })
    return first?.expires_ms ?? nowMs + DAY_MS
  }
  return undefined
}

function addToTotal(transaction: Transaction, account: string, bytes: number): void {
  const total = transaction.get(uploadTotalsTable, [account])?.bytes ?? 0
  transaction.put(uploadTotalsTable, { account, bytes: total + bytes })
}
