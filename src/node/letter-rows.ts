import type { Credential, DepositRequest, MailboxContents } from '../protocol/mailbox/letter-keeper.ts'
import type { CountedLetter } from '../protocol/mailbox/quota-books.ts'
import type { Reader, Row, Transaction } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { toHex } from '../util/bytes.ts'
import { letterBytesTable, lettersTable, tombstonesTable } from './tables/letters.ts'

export type LetterRow = Row<typeof lettersTable>
export type TombstoneRow = Row<typeof tombstonesTable>

/** What identifies a letter: 32 bytes each. */
export interface LetterName {
  readonly mailbox: Uint8Array
  readonly letterId: Uint8Array
}

/** Makes the row of a letter that was judged. */
export function letterRow(
  request: Pick<DepositRequest, 'mailboxKey' | 'letterId' | 'letter' | 'credential'>,
  at: { readonly arrival: number; readonly depositedMs: number; readonly expiresMs: number },
): LetterRow {
  const { permit, proofOfWork } = request.credential
  return {
    arrival: at.arrival,
    mailbox: request.mailboxKey,
    letter_id: request.letterId,
    kind: permit === undefined ? 'stranger' : 'permit',
    deposited_ms: at.depositedMs,
    expires_ms: at.expiresMs,
    size: request.letter.length,
    permit_id: permit?.id ?? null,
    credential: permit?.signature ?? proofOfWork ?? new Uint8Array(0),
  }
}

/** The credential as it was deposited. */
export function credentialOf(row: LetterRow): Credential {
  return row.permit_id === null
    ? { proofOfWork: row.credential }
    : { permit: { id: row.permit_id, signature: row.credential } }
}

/** A letter as the quota sees it. */
export function countedLetter(row: LetterRow): CountedLetter {
  const permit = row.permit_id === null ? undefined : toHex(row.permit_id)
  return { mailbox: toHex(row.mailbox), bytes: row.size, permit }
}

export function findLetter(reader: Pick<Reader, 'list'>, { mailbox, letterId }: LetterName): LetterRow | undefined {
  return reader.list(lettersTable, { index: 'by_id', prefix: [mailbox, letterId], limit: 1 })[0]
}

export function findTombstone(
  reader: Pick<Reader, 'get'>,
  { mailbox, letterId }: LetterName,
): TombstoneRow | undefined {
  return reader.get(tombstonesTable, [mailbox, letterId])
}

/** The letters of a mailbox that have not expired, in the order of arrival. */
export function mailboxLetters(reader: Pick<Reader, 'list'>, mailbox: Uint8Array, nowMs: number): LetterRow[] {
  return reader
    .list(lettersTable, { index: 'by_id', prefix: [mailbox] })
    .filter((row) => row.expires_ms > nowMs)
    .sort((one, other) => one.arrival - other.arrival)
}

export function mailboxTombstones(reader: Pick<Reader, 'list'>, mailbox: Uint8Array): TombstoneRow[] {
  return reader.list(tombstonesTable, { prefix: [mailbox] })
}

/** What there is of a mailbox and has not expired, and when the first of it will. */
export function mailboxContents(
  reader: Pick<Reader, 'list'>,
  mailbox: Uint8Array,
  nowMs: number,
): MailboxContents & { readonly untilMs: number } {
  const letters = mailboxLetters(reader, mailbox, nowMs)
  const tombstones = mailboxTombstones(reader, mailbox).filter((row) => row.expires_ms > nowMs)
  const expiries = [...letters, ...tombstones].map((row) => row.expires_ms)
  return {
    letters: letters.map((row) => row.letter_id),
    tombstones: tombstones.map((row) => {
      return { letterId: row.letter_id, signature: row.signature, expiresMs: row.expires_ms }
    }),
    untilMs: expiries.reduce((first, expiry) => Math.min(first, expiry), Number.POSITIVE_INFINITY),
  }
}

export function letterBytes(reader: Pick<Reader, 'get'>, { arrival }: LetterRow): Uint8Array {
  const row = reader.get(letterBytesTable, [arrival])
  assert(row !== undefined, 'a letter has its bytes')
  return row.bytes
}

export function putLetter(transaction: Transaction, row: LetterRow, bytes: Uint8Array): void {
  transaction.put(lettersTable, row)
  transaction.put(letterBytesTable, { arrival: row.arrival, bytes })
}

export function deleteLetter(transaction: Transaction, { arrival }: LetterRow): void {
  transaction.delete(lettersTable, [arrival])
  transaction.delete(letterBytesTable, [arrival])
}
