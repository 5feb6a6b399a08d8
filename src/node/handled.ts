import { LETTER_DUPLICATES_KEPT_MS } from '../sealing/open-letter.ts'
import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Store, Transaction } from '../system/store.ts'
import { STANZA_VALIDITY_MS } from './outbox.ts'
import { handledTable } from './tables/handled.ts'

/** A sender repeats a stanza until it expires, and a letter with it may be replayed for as long as it opens. */
const HANDLED_RETENTION_MS = Math.max(STANZA_VALIDITY_MS, LETTER_DUPLICATES_KEPT_MS)
const FORGET_INTERVAL_MS = 3_600_000

/** Remembers on disk which stanzas were received, so that a repeated one is acknowledged and not shown again. */
export class Handled {
  readonly #components: { clock: Clock; store: Store; logger: Logger }
  #timer: Timer | undefined

  constructor(components: { clock: Clock; store: Store; logger: Logger }) {
    this.#components = components
  }

  start(): void {
    this.#timer = this.#components.clock.schedule(FORGET_INTERVAL_MS, () => {
      void this.#forgetOld()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** True for a stanza seen the first time, which is remembered in the transaction that stores it. */
  isNew(transaction: Transaction, account: string, sender: string, id: string): boolean {
    if (transaction.get(handledTable, [account, sender, id]) !== undefined) {
      return false
    }
    const expiresMs = this.#components.clock.wallMs() + HANDLED_RETENTION_MS
    transaction.put(handledTable, { account, sender, id, expires_ms: expiresMs })
    return true
  }

  async #forgetOld(): Promise<void> {
    const nowMs = this.#components.clock.wallMs()
    try {
      await this.#components.store.transaction((transaction) =>
        transaction.deleteRange(handledTable, { index: 'by_expiry', to: nowMs }),
      )
    } catch (error) {
      this.#components.logger.warn('handled stanzas not tidied', { reason: String(error) })
    }
  }
}
