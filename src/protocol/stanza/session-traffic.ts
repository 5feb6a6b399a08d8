import type { Element } from '../../xml/element.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { Liveness, type LivenessVerdict } from './liveness.ts'
import { encodeAnswer } from './messages.ts'
import { type Receipt, ReceivedStanzas } from './received-stanzas.ts'
import type { SessionEffect } from './session-events.ts'
import { type Sized, UnacknowledgedStanzas } from './unacknowledged-stanzas.ts'

type Effects<Item> = SessionEffect<Item>[]

/** Stanzas and their acknowledgements in both directions, as long as one session lasts. */
export class SessionTraffic<Item extends Sized> {
  readonly #received: ReceivedStanzas
  readonly #unacknowledged: UnacknowledgedStanzas<Item>
  #liveness = new Liveness(0)
  /** The `h` that the other side was told last. */
  #told = 0

  /** @param firstCount where the counters start, other than 0 in tests only */
  constructor(firstCount: number) {
    this.#received = new ReceivedStanzas(firstCount)
    this.#unacknowledged = new UnacknowledgedStanzas(firstCount)
  }

  /** Reading has to pause until handlers are done. */
  get isFull(): boolean {
    return this.#received.isFull
  }

  /** Nothing waits for an acknowledgement in either direction. */
  get isIdle(): boolean {
    return this.#received.unhandled === 0 && this.#unacknowledged.inFlight === 0
  }

  accepts(size: number): boolean {
    return this.#unacknowledged.accepts(size)
  }

  /** To be called for every open that is sent, which tells the other side this `h`. */
  beginStream(): number {
    this.#received.rewind()
    this.#told = this.#received.h
    return this.#told
  }

  /** The other side has opened too: what is under way goes out again, then what waits. */
  resume(nowMs: number): Effects<Item> {
    this.#liveness = new Liveness(nowMs)
    const again = this.#unacknowledged.resend()
    if (again.length > 0) {
      this.#liveness.sent(nowMs)
    }
    const resent: Effects<Item> = again.map((item) => ({ type: 'transmit-item', item }))
    // Handlers may have finished since the dialler sent its open.
    const answer = this.#told === this.#received.h ? [] : [this.answer()]
    return [...answer, ...resent, ...this.pump(nowMs)]
  }

  add(item: Item): void {
    this.#unacknowledged.add(item)
  }

  /** Sends what may go out now. */
  pump(nowMs: number): Effects<Item> {
    const effects: Effects<Item> = []
    for (let item = this.#unacknowledged.next(); item !== undefined; item = this.#unacknowledged.next()) {
      this.#liveness.sent(nowMs)
      effects.push({ type: 'transmit-item', item })
    }
    return effects
  }

  /** @throws StreamError when `h` is above what was sent */
  acknowledge(h: number, nowMs: number): SessionEffect<Item> | undefined {
    const items = this.#unacknowledged.acknowledge(h)
    if (items.length === 0) {
      return undefined
    }
    this.#liveness.acknowledged(nowMs, this.#unacknowledged.inFlight)
    return { type: 'acknowledged', items }
  }

  /** @throws StreamError `improper-addressing`, `invalid-from` */
  receive(stanza: Element, bytes: number, accounts: ReadonlyMap<string, unknown>): Effects<Item> {
    const { from, to } = stanza.attributes
    // RFC 6120 §8.1.1.2, §8.1.2.2: between servers a stanza has both, else §4.9.3.7.
    if (from === undefined || to === undefined || from === '' || to === '') {
      throw new StreamError('improper-addressing')
    }
    const slash = from.indexOf('/')
    if (!accounts.has(slash === -1 ? from : from.slice(0, slash))) {
      // RFC 6120 §4.9.3.9
      throw new StreamError('invalid-from')
    }
    const receipt = this.#received.receive(bytes)
    return receipt === undefined ? [] : [{ type: 'deliver', stanza, receipt }]
  }

  /** `<a/>` as it is now. */
  answer(): SessionEffect<Item> {
    this.#told = this.#received.h
    return { type: 'transmit', frame: encodeAnswer(this.#told) }
  }

  /** Handlers are done; true if there is something to acknowledge. Receipts of an earlier session count for nothing. */
  handled(receipts: readonly Receipt[]): boolean {
    let advanced = false
    for (const receipt of receipts) {
      if (receipt.count === this.#received && this.#received.handled(receipt)) {
        advanced = true
      }
    }
    return advanced
  }

  /** A handler failed: the stanza is delivered again when it comes again. False for a receipt of an earlier session. */
  failed(receipt: Receipt): boolean {
    receipt.state = 'failed'
    return receipt.count === this.#received
  }

  heard(nowMs: number): void {
    this.#liveness.heard(nowMs)
  }

  check(nowMs: number): LivenessVerdict {
    if (this.isFull) {
      // The silence is ours: nothing is read.
      this.#liveness.heard(nowMs)
    }
    return this.#liveness.check(nowMs)
  }

  deadlineMs(): number {
    return this.#liveness.deadlineMs()
  }

  /** Gives up on all that was to be sent. */
  lose(): Effects<Item> {
    const items = this.#unacknowledged.takeAll()
    return items.length === 0 ? [] : [{ type: 'lost', items }]
  }
}
