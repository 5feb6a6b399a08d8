import { assert } from '../util/assert.ts'

/** The bytes that all streams of a node together may have buffered. */
export class BufferBudget {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Takes `bytes` of the budget; false, and nothing taken, if there are not so many left. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) {
      return false
    }
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
    assert(this.#usedBytes >= 0, 'more bytes given back than taken')
  }
}
