import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Store } from '../system/store.ts'
import { deleteRecordRow } from './record-rows.ts'
import { accountRecordsTable, type RecordRole } from './tables/records.ts'

/** How often expired records are deleted. *ours* */
const EXPIRY_INTERVAL_MS = 3_600_000
/** Expired records deleted in one transaction: at most 2 MiB in memory. *ours* */
const EXPIRY_BATCH_RECORDS = 64

/** Deletes the expired records of one role, at the start and every hour. */
export class RecordExpiry {
  readonly #components: { clock: Clock; store: Store; logger: Logger }
  readonly #role: RecordRole
  #timer: Timer | undefined
  #sweep: Promise<void> = Promise.resolve()
  #running = false

  constructor(components: { clock: Clock; store: Store; logger: Logger }, role: RecordRole) {
    this.#components = components
    this.#role = role
  }

  /** Idempotent. */
  start(): void {
    if (!this.#running) {
      this.#running = true
      this.#schedule(0)
    }
  }

  /** Waits for the sweep under way. Idempotent. */
  async stop(): Promise<void> {
    this.#running = false
    this.#timer?.cancel()
    await this.#sweep
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#components.clock.schedule(delayMs, () => {
      this.#sweep = this.#deleteExpired()
    })
  }

  async #deleteExpired(): Promise<void> {
    try {
      while (this.#running && (await this.#deleteBatch()) === EXPIRY_BATCH_RECORDS) {
        // The next batch.
      }
    } catch (error) {
      this.#components.logger.error('expired records not deleted', { reason: String(error) })
    }
    if (this.#running) {
      this.#schedule(EXPIRY_INTERVAL_MS)
    }
  }

  #deleteBatch(): Promise<number> {
    const { clock, store } = this.#components
    const expired = {
      index: 'by_expiry',
      prefix: [this.#role],
      to: clock.wallMs(),
      limit: EXPIRY_BATCH_RECORDS,
    } as const
    return store.transaction((transaction) => {
      const rows = transaction.list(accountRecordsTable, expired)
      for (const row of rows) {
        deleteRecordRow(transaction, row)
      }
      return rows.length
    })
  }
}
