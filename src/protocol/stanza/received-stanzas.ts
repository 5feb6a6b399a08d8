import { assert } from '../../util/assert.ts'
import { MAX_UNHANDLED_BYTES, MAX_UNHANDLED_STANZAS } from './protocol.ts'

const COUNTER_RANGE = 2 ** 32

/** One received stanza on its way through the handler. */
export interface Receipt {
  /** The count of which the receipt is a part; a session that started anew has another. */
  readonly count: ReceivedStanzas
  readonly bytes: number
  state: 'pending' | 'handled' | 'failed'
}

/**
 * Counts what one session has received and handled: the receiving half of XEP-0198. Handlers may finish in any order;
 * `h` goes up to the first stanza that is not handled.
 */
export class ReceivedStanzas {
  /** Counted without wrapping; 2^53 stanzas will not be reached. */
  #handled: number
  /** The stanzas after `#handled`, in order. */
  readonly #receipts: Receipt[] = []
  #bytes = 0
  /** The number that the next stanza on the current stream has. */
  #next: number

  /** @param first stanzas that count as handled from the start, other than 0 in tests only */
  constructor(first = 0) {
    this.#handled = first
    this.#next = first + 1
  }

  /** Stanzas handled, modulo 2^32 (XEP-0198 §4). */
  get h(): number {
    return this.#handled % COUNTER_RANGE
  }

  /** Received stanzas that `h` does not yet count. */
  get unhandled(): number {
    return this.#receipts.length
  }

  /** At this point no more should be read. */
  get isFull(): boolean {
    return this.#receipts.length >= MAX_UNHANDLED_STANZAS || this.#bytes >= MAX_UNHANDLED_BYTES
  }

  /** A new stream begins, on which the other side is told `h` and starts after it. */
  rewind(): void {
    this.#next = this.#handled + 1
  }

  /**
   * Counts a stanza; undefined if it came again after a resumption and is, or is being, handled already. Gives the same
   * receipt again if its handler failed before.
   */
  receive(bytes: number): Receipt | undefined {
    const index = this.#next - this.#handled - 1
    this.#next += 1
    if (index < 0) {
      return undefined
    }
    assert(index <= this.#receipts.length, 'stanzas are numbered without gaps')
    const known = this.#receipts[index]
    if (known === undefined) {
      const receipt: Receipt = { count: this, bytes, state: 'pending' }
      this.#receipts.push(receipt)
      this.#bytes += bytes
      return receipt
    }
    if (known.state !== 'failed') {
      return undefined
    }
    known.state = 'pending'
    return known
  }

  /** The handler is done with it; true if `h` went up. */
  handled(receipt: Receipt): boolean {
    receipt.state = 'handled'
    const before = this.#handled
    while (this.#receipts[0]?.state === 'handled') {
      this.#bytes -= this.#receipts[0].bytes
      this.#receipts.shift()
      this.#handled += 1
    }
    return this.#handled !== before
  }
}
