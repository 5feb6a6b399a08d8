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
  /** Changes of one failed commit, in their order, until they are taken back together. */
  readonly #failed: LetterChange[] = []
  #undoing: Promise<void> | undefined

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
      return run(change, () => fn(change as LetterChange, events))
    })
    for (const event of events) {
      this.events.emit(event)
    }
    this.#tellChanged(change)
    try {
      return await committed
    } catch (error) {
      await this.#undo(change)
      throw error
    } finally {
      for (const mailbox of change?.mailboxes ?? []) {
        this.#tellWhatIsLeft(mailbox)
      }
    }
  }

  /**
   * A failed commit fails all its transactions, in the order in which they came; what they did to the books is taken back
   * in the opposite order, since a later one may have removed what an earlier one put.
   */
  async #undo(change: LetterChange | undefined): Promise<void> {
    if (change !== undefined) {
      this.#failed.push(change)
      this.#undoing ??= Promise.resolve().then(() => this.#undoFailed())
      await this.#undoing
    }
  }

  #undoFailed(): void {
    this.#undoing = undefined
    for (const change of this.#failed.splice(0).reverse()) {
      change.undo()
      this.#tellChanged(change)
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

/** When `fn` throws the store takes its writes back at once, before anybody else of the same commit sees them. */
function run<Result>(change: LetterChange, fn: () => Result): Result {
  try {
    return fn()
  } catch (error) {
    change.undo()
    throw error
  }
}
