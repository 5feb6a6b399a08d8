import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'

/** How often what has expired is deleted; it is hidden at once. *ours* */
const EXPIRY_INTERVAL_MS = 3_600_000

/** Calls for batches of deletions, at the start and every hour, until nothing is left to delete. */
export class ExpirySweep {
  readonly #components: { readonly clock: Pick<Clock, 'schedule'>; readonly logger: Logger }
  readonly #what: string
  readonly #deleteBatch: () => Promise<number>
  #timer: Timer | undefined
  #sweep: Promise<void> = Promise.resolve()
  #running = false

  constructor(
    components: { readonly clock: Pick<Clock, 'schedule'>; readonly logger: Logger },
    init: {
      /** What expires, for the log. */
      readonly what: string
      /** Deletes some of it in one transaction and says how much; 0: nothing is left. */
      readonly deleteBatch: () => Promise<number>
    },
  ) {
    this.#components = components
    this.#what = init.what
    this.#deleteBatch = init.deleteBatch
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
      this.#sweep = this.#run()
    })
  }

  async #run(): Promise<void> {
    try {
      while (this.#running && (await this.#deleteBatch()) > 0) {
        // The next batch.
      }
    } catch (error) {
      this.#components.logger.error(`expired ${this.#what} not deleted`, { reason: String(error) })
    }
    if (this.#running) {
      this.#schedule(EXPIRY_INTERVAL_MS)
    }
  }
}
