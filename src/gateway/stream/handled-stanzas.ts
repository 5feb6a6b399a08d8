import { addToCounter } from './sm-counter.ts'

interface Entry {
  readonly isCounted: boolean
  isHandled: boolean
}

/**
 * Counts the stanzas of a client that were handled (XEP-0198 §4): up to the first that is not, whatever became of those
 * behind it, because `h` can say nothing else.
 */
export class HandledStanzas {
  readonly #progress: () => void
  #entries: Entry[] = []
  #isCounting = false
  #count = 0

  /** `progress` is called whenever stanzas were handled. */
  constructor(progress: () => void) {
    this.#progress = progress
  }

  /** `h`: handled since counting began. */
  get count(): number {
    return this.#count
  }

  /** Stanzas under way. */
  get pending(): number {
    return this.#entries.length
  }

  /** Stanzas that come from now on are counted. */
  start(): void {
    this.#isCounting = true
  }

  add(handled: Promise<void>): void {
    const entry: Entry = { isCounted: this.#isCounting, isHandled: false }
    this.#entries.push(entry)
    const settle = (): void => {
      entry.isHandled = true
      this.#advance()
    }
    handled.then(settle, settle)
  }

  #advance(): void {
    let handled = 0
    while (this.#entries[handled]?.isHandled === true) {
      this.#count = addToCounter(this.#count, this.#entries[handled]?.isCounted === true ? 1 : 0)
      handled++
    }
    if (handled > 0) {
      this.#entries.splice(0, handled)
      this.#progress()
    }
  }
}
