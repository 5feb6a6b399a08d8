import { dayOf } from '../identity/mailbox-key.ts'
import { PERMIT_DAYS_MAX, type Permit, type PermitBundle } from '../identity/permit.ts'
import type { Clock } from '../system/clock.ts'
import type { Reader, Transaction } from '../system/store.ts'
import type { Acquaintance } from './contact-prekeys.ts'
import { contactPermitsTable } from './tables/letter-keys.ts'

/** Days around today that clocks may differ by, rounded up (26 h). */
const CLOCK_SKEW_DAYS = 2

/** The permits that contacts gave, to deposit letters with; good ones or not shows with the mailbox key. */
export class ContactPermits {
  readonly #clock: Pick<Clock, 'wallMs'>

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  /** Keeps those of a bundle for today and the coming days; of two for one day the later. */
  add(transaction: Transaction, of: Acquaintance, bundle: PermitBundle): void {
    const today = dayOf(this.#clock.wallMs())
    for (const [index, permit] of bundle.permits.entries()) {
      const day = bundle.fromDay + index
      if (day >= today - CLOCK_SKEW_DAYS && day < today + PERMIT_DAYS_MAX + CLOCK_SKEW_DAYS) {
        transaction.put(contactPermitsTable, { ...of, day, permit_id: permit.id, signature: permit.signature })
      }
    }
  }

  ofDay(reader: Reader, { account, contact }: Acquaintance, day: number): Permit | undefined {
    const row = reader.get(contactPermitsTable, [account, contact, day])
    return row && { id: row.permit_id, signature: row.signature }
  }

  forget(transaction: Transaction, { account, contact }: Acquaintance): void {
    transaction.deleteRange(contactPermitsTable, { prefix: [account, contact] })
  }

  /** Deletes at most `limit` of days gone by; how many it were. */
  expire(transaction: Transaction, limit: number): number {
    const before = Math.max(0, dayOf(this.#clock.wallMs()) - CLOCK_SKEW_DAYS)
    const rows = transaction.list(contactPermitsTable, { index: 'by_day', before, limit })
    for (const row of rows) {
      transaction.delete(contactPermitsTable, [row.account, row.contact, row.day])
    }
    return rows.length
  }
}
