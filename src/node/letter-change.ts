import type { QuotaState } from '../protocol/mailbox/quota-books.ts'
import { type QuotaEffect, type QuotaEvent, stepQuota } from '../protocol/mailbox/quota-state.ts'
import type { Transaction } from '../system/store.ts'
import { toHex } from '../util/bytes.ts'
import {
  countedLetter,
  deleteLetter,
  findTombstone,
  type LetterRow,
  putLetter,
  type TombstoneRow,
} from './letter-rows.ts'
import { tombstonesTable } from './tables/letters.ts'

/**
 * What one transaction does to letters and tombstones, in the store and in the quota's books. When the transaction fails
 * the store takes its part back by itself, and `undo` the other.
 */
export class LetterChange {
  /** Mailboxes that are not as they were, in text. */
  readonly mailboxes: Set<string> = new Set()
  readonly #transaction: Transaction
  readonly #quota: QuotaState
  readonly #inverse: QuotaEvent[] = []

  constructor(transaction: Transaction, quota: QuotaState) {
    this.#transaction = transaction
    this.#quota = quota
  }

  get transaction(): Transaction {
    return this.#transaction
  }

  /** Asks for room; what is accepted is counted and must be `put` next. */
  ask(deposit: Extract<QuotaEvent, { type: 'deposit' }>): QuotaEffect {
    const effect = stepQuota(this.#quota, deposit)
    if (effect?.type === 'accept') {
      const { mailbox, bytes, permit } = deposit
      this.#inverse.push({ type: 'removed', mailbox, bytes, permit })
    }
    return effect ?? { type: 'accept' }
  }

  put(row: LetterRow, bytes: Uint8Array): void {
    this.mailboxes.add(toHex(row.mailbox))
    putLetter(this.#transaction, row, bytes)
  }

  remove(row: LetterRow): void {
    const letter = countedLetter(row)
    this.mailboxes.add(letter.mailbox)
    deleteLetter(this.#transaction, row)
    this.#count({ type: 'removed', ...letter }, { type: 'kept', ...letter })
  }

  /** The letter gives way to its tombstone. */
  acknowledge(row: LetterRow, signature: Uint8Array): void {
    const { mailbox, letter_id, expires_ms } = row
    this.remove(row)
    this.putTombstone({ mailbox, letter_id, signature, expires_ms })
  }

  /** A tombstone that is there already stays for as long as the longer of the two. */
  putTombstone(row: TombstoneRow): void {
    const present = findTombstone(this.#transaction, { mailbox: row.mailbox, letterId: row.letter_id })
    if (present === undefined) {
      this.#countTombstones(row.mailbox, 1)
      this.#transaction.put(tombstonesTable, row)
    } else if (present.expires_ms < row.expires_ms) {
      this.#transaction.put(tombstonesTable, row)
    }
  }

  removeTombstone({ mailbox, letter_id }: TombstoneRow): void {
    this.#transaction.delete(tombstonesTable, [mailbox, letter_id])
    this.#countTombstones(mailbox, -1)
  }

  /** Puts the books back, the last change first. */
  undo(): void {
    for (const event of this.#inverse.splice(0).reverse()) {
      stepQuota(this.#quota, event)
    }
  }

  #countTombstones(key: Uint8Array, count: number): void {
    const mailbox = toHex(key)
    this.mailboxes.add(mailbox)
    this.#count({ type: 'tombstones', mailbox, count }, { type: 'tombstones', mailbox, count: -count })
  }

  #count(event: QuotaEvent, inverse: QuotaEvent): void {
    stepQuota(this.#quota, event)
    this.#inverse.push(inverse)
  }
}
