import { StreamError } from '../../xmpp/stream-error.ts'
import { MAX_IN_FLIGHT_BYTES, MAX_UNACKNOWLEDGED_BYTES, MAX_UNACKNOWLEDGED_STANZAS } from './protocol.ts'

const COUNTER_RANGE = 2 ** 32

/** A stanza to be sent, of which only the size matters here. */
export interface Sized {
  /** Serialized length in bytes. */
  readonly size: number
}

/** Keeps what one session has sent until it is acknowledged: the sending half of XEP-0198. */
export class UnacknowledgedStanzas<Item extends Sized> {
  /** In the order of sending; those under way first. */
  #items: Item[] = []
  #inFlight = 0
  #inFlightBytes = 0
  #bytes = 0
  /** Counted without wrapping. */
  #acknowledged: number

  /** @param first stanzas that count as acknowledged from the start, other than 0 in tests only */
  constructor(first = 0) {
    this.#acknowledged = first
  }

  /** Stanzas that were sent, on this stream or one before. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether there is room for one more. */
  accepts(size: number): boolean {
    return this.#items.length < MAX_UNACKNOWLEDGED_STANZAS && this.#bytes + size <= MAX_UNACKNOWLEDGED_BYTES
  }

  /** Appends a stanza that `accepts` allows; `next` says when to send it. */
  add(item: Item): void {
    this.#items.push(item)
    this.#bytes += item.size
  }

  /** The next stanza to send; it counts as sent. Undefined while enough is under way. */
  next(): Item | undefined {
    const item = this.#items[this.#inFlight]
    if (item === undefined || this.#inFlightBytes >= MAX_IN_FLIGHT_BYTES) {
      return undefined
    }
    this.#inFlight += 1
    this.#inFlightBytes += item.size
    return item
  }

  /**
   * Takes out what the other side has handled.
   *
   * @throws StreamError when it claims more than was sent (XEP-0198 §4)
   */
  acknowledge(h: number): Item[] {
    const handled = (h - (this.#acknowledged % COUNTER_RANGE) + COUNTER_RANGE) % COUNTER_RANGE
    if (handled > this.#inFlight) {
      throw new StreamError('undefined-condition', 'handled-count-too-high')
    }
    const items = this.#items.splice(0, handled)
    const bytes = items.reduce((sum, item) => sum + item.size, 0)
    this.#acknowledged += handled
    this.#inFlight -= handled
    this.#inFlightBytes -= bytes
    this.#bytes -= bytes
    return items
  }

  /** What has to be sent again on a new stream, in order. No more than was under way: it fits into an empty queue. */
  resend(): Item[] {
    return this.#items.slice(0, this.#inFlight)
  }

  /** Gives up on all; to be used no more. */
  takeAll(): Item[] {
    const items = this.#items
    this.#items = []
    this.#inFlight = 0
    return items
  }
}
