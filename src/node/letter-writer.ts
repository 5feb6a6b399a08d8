import type { QuotaState } from '../protocol/mailbox/quota-books.ts'
import type { Store } from '../system/store.ts'
import { Listeners } from '../util/listeners.ts'
import { LetterChange } from './letter-change.ts'
import type { LetterEvent } from './letter-event.ts'

/** Changes letters one transaction at a time, keeps the quota's books right when one fails, and tells what changed. */
export class LetterWriter {
  readonly quota: QuotaState
  readonly events: Listeners<LetterEvent> = new Listeners<LetterEvent>()
  readonly #store: Store
  readonly #onChanged: (mailbox: string) => void

  /** `onChanged` is called with each mailbox (in text) whose letters or tombstones become others, or become as before. */
  constructor(store: Store, quota: QuotaState, onChanged: (mailbox: string) => void) {
    this.#store = store
    this.quota = quota
    this.#onChanged = onChanged
  }

  /**
   * Runs `fn` at once and resolves when all that it read and wrote is on disk. The events in `events` are told at once,
   * before the commit.
   *
   * @throws StoreError; then everything is as before
   */
  async write<Result>(fn: (change: LetterChange, events: LetterEvent[]) => Result): Promise<Result> {
    const events: LetterEvent[] = []
    let change: LetterChange | undefined
    const committed = this.#store.transaction((transaction) => {
      change = new LetterChange(transaction, this.quota)
      return fn(change, events)
    })
    for (const event of events) {
      this.events.emit(event)
    }
    this.#tellChanged(change)
    try {
      return await committed
    } catch (error) {
      change?.undo()
      this.#tellChanged(change)
      throw error
    } finally {
      for (const mailbox of change?.mailboxes ?? []) {
        this.#tellWhatIsLeft(mailbox)
      }
    }
  }

  #tellChanged(change: LetterChange | undefined): void {
    for (const mailbox of change?.mailboxes ?? []) {
      this.#onChanged(mailbox)
    }
  }

  #tellWhatIsLeft(mailbox: string): void {
    const usage = this.quota.mailboxes.get(mailbox)
    if (usage === undefined) {
      this.events.emit({ type: 'empty', mailbox })
    } else if (usage.letters === 0) {
      this.events.emit({ type: 'quiet', mailbox })
    }
  }
}
