import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { LetterChange } from './letter-change.ts'
import { lettersTable, tombstonesTable } from './tables/letters.ts'

/** How often what has expired is deleted; it is hidden at once. *ours* */
const EXPIRY_INTERVAL_MS = 3_600_000
/** Letters, and tombstones, deleted in one transaction: a few ms. *ours* */
const EXPIRY_BATCH_ROWS = 256

/** Deletes one batch of expired letters and tombstones; how many rows that were. */
export function deleteExpired(change: LetterChange, nowMs: number): number {
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

/** Calls for batches of deletions, at the start and every hour, until nothing is left to delete. */
export class LetterExpiry {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #logger: Logger
  readonly #deleteBatch: () => Promise<number>
  #timer: Timer | undefined
  #sweep: Promise<void> = Promise.resolve()
  #running = false

  constructor(components: { clock: Pick<Clock, 'schedule'>; logger: Logger }, deleteBatch: () => Promise<number>) {
    this.#clock = components.clock
    this.#logger = components.logger
    this.#deleteBatch = deleteBatch
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
    this.#timer = this.#clock.schedule(delayMs, () => {
      this.#sweep = this.#run()
    })
  }

  async #run(): Promise<void> {
    try {
      while (this.#running && (await this.#deleteBatch()) > 0) {
        // The next batch.
      }
    } catch (error) {
      this.#logger.error('expired letters not deleted', { reason: String(error) })
    }
    if (this.#running) {
      this.#schedule(EXPIRY_INTERVAL_MS)
    }
  }
}
