import type { ClientPort, DeliveryOutcome } from '../../src/gateway/client-session.ts'
import type { Element } from '../../src/xml/element.ts'
import { serialize } from '../../src/xml/serializer.ts'
import type { StreamError } from '../../src/xmpp/stream-error.ts'

/** A client at the end of its stream: what was delivered, settled at once or when the test says so. */
export class FakeClientPort implements ClientPort {
  readonly isLocal = true
  readonly isSecure = true
  readonly isOwner: boolean
  readonly webBase = 'http://127.0.0.1:5280'
  /** Stanzas the client was given, in order. */
  readonly stanzas: Element[] = []
  /** Stanzas that settled as `delivered`. */
  readonly acknowledged: Element[] = []
  /** Why the session was ended, if it was. */
  ended: StreamError | undefined
  isFull = false
  /** Whether stanzas settle as `delivered` by themselves. */
  acknowledges = true
  readonly #unsettled: {
    readonly stanza: Element
    readonly settled: ((outcome: DeliveryOutcome) => void) | undefined
  }[] = []

  constructor({ isOwner = false }: { isOwner?: boolean } = {}) {
    this.isOwner = isOwner
  }

  /** The stanzas as XML, taken away. */
  take(): string[] {
    return this.takeStanzas().map((stanza) => serialize(stanza))
  }

  takeStanzas(): Element[] {
    return this.stanzas.splice(0)
  }

  deliver(stanza: Element, settled?: (outcome: DeliveryOutcome) => void): void {
    if (this.isFull) {
      queueMicrotask(() => settled?.('lost'))
      return
    }
    this.stanzas.push(stanza)
    if (this.acknowledges) {
      this.acknowledged.push(stanza)
      queueMicrotask(() => settled?.('delivered'))
    } else {
      this.#unsettled.push({ stanza, settled })
    }
  }

  /** Settles the oldest `count` stanzas; all without a count. */
  settle(outcome: DeliveryOutcome, count: number = this.#unsettled.length): void {
    for (const { stanza, settled } of this.#unsettled.splice(0, count)) {
      if (outcome === 'delivered') {
        this.acknowledged.push(stanza)
      }
      settled?.(outcome)
    }
  }

  end(error: StreamError): void {
    this.ended = error
  }
}
