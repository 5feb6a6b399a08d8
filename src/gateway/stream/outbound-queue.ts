import type { DeliveryOutcome } from '../client-session.ts'
import { addToCounter, counterDistance } from './sm-counter.ts'

/** Stanzas that a client may leave unacknowledged; a client that reads acknowledges within a round trip. */
const MAX_UNSETTLED_STANZAS = 1_000
/** Their length as text, in UTF-16 code units: what a session may hold in memory for a client that does not read. */
const MAX_UNSETTLED_LENGTH = 2 * 1_048_576

/** Beyond those bounds there is as much room again for what a client has asked for itself, and for presence. */
const MAX_OVERFULL_FACTOR = 2

type Settled = ((outcome: DeliveryOutcome) => void) | undefined

interface Entry {
  readonly text: string
  readonly settled: Settled
}

/** Stanzas for a client until it is known what became of them. */
export class OutboundQueue {
  #entries: Entry[] = []
  #length = 0
  /** Of `#entries`, how many were written to the current stream. */
  #written = 0
  #acknowledged = 0

  get size(): number {
    return this.#entries.length
  }

  get isFull(): boolean {
    return this.#entries.length >= MAX_UNSETTLED_STANZAS || this.#length >= MAX_UNSETTLED_LENGTH
  }

  /** Nothing more is taken at all. */
  get isOverfull(): boolean {
    return (
      this.#entries.length >= MAX_OVERFULL_FACTOR * MAX_UNSETTLED_STANZAS ||
      this.#length >= MAX_OVERFULL_FACTOR * MAX_UNSETTLED_LENGTH
    )
  }

  push(text: string, settled: Settled): void {
    this.#entries.push({ text, settled })
    this.#length += text.length
  }

  /** What is still to be written to the stream, in order. */
  takeUnwritten(): readonly string[] {
    const unwritten = this.#entries.slice(this.#written).map((entry) => entry.text)
    this.#written = this.#entries.length
    return unwritten
  }

  /** All is to be written once more, to another stream. */
  rewind(): void {
    this.#written = 0
  }

  /** Everything that was written has arrived, as far as can be known. */
  deliverWritten(): void {
    this.#settle(this.#written, 'delivered')
  }

  /**
   * The client has handled `h` stanzas since stream management began (XEP-0198 §4).
   *
   * @returns false if that is more than it was sent
   */
  acknowledge(h: number): boolean {
    const count = counterDistance(this.#acknowledged, h)
    if (count > this.#entries.length) {
      return false
    }
    this.#acknowledged = h
    // After a resumption it may speak of what was not written to this stream yet.
    this.#written = Math.max(this.#written, count)
    this.#settle(count, 'delivered')
    return true
  }

  /** How many the client has been sent since stream management began. */
  get sentCount(): number {
    return addToCounter(this.#acknowledged, this.#entries.length)
  }

  loseAll(): void {
    this.#settle(this.#entries.length, 'lost')
  }

  #settle(count: number, outcome: DeliveryOutcome): void {
    const settled = this.#entries.splice(0, count)
    this.#written = Math.max(0, this.#written - count)
    for (const entry of settled) {
      this.#length -= entry.text.length
    }
    for (const entry of settled) {
      entry.settled?.(outcome)
    }
  }
}
