import { dayOf } from '../identity/mailbox-key.ts'
import type { Clock } from '../system/clock.ts'
import type { Reader, Store, Transaction } from '../system/store.ts'
import { collectionsTable } from './tables/letter-keys.ts'

/** A day further ahead was noted by a wrong clock (they differ by up to 26 h). */
const CLOCK_SKEW_DAYS = 2

/** How far the mailboxes of the accounts served here were collected by this node. */
export class CollectedDays {
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #store: Pick<Store, 'read'>

  constructor(components: { readonly clock: Pick<Clock, 'wallMs'>; readonly store: Pick<Store, 'read'> }) {
    this.#clock = components.clock
    this.#store = components.store
  }

  /** The last day of which all was collected; undefined before the first collection. */
  through(account: string): number | undefined {
    const day = this.#store.read.get(collectionsTable, [account])?.through_day
    return day !== undefined && day <= dayOf(this.#clock.wallMs()) + CLOCK_SKEW_DAYS ? day : undefined
  }

  /** When the last collection ended, ms since 1970 UTC. */
  collectedMs(reader: Reader, account: string): number | undefined {
    return reader.get(collectionsTable, [account])?.collected_ms
  }

  put(transaction: Transaction, account: string, day: number): void {
    transaction.put(collectionsTable, { account, through_day: day, collected_ms: this.#clock.wallMs() })
  }
}
