import type { Clock, Timer } from '../system/clock.ts'
import { type Element, element } from '../xml/element.ts'

/** Tells a sender which of its stanzas came by letter and are on disk here. Kabber's own. */
export const NS_DELIVERED = 'urn:kabber:delivered:0'

/** Letters come in bunches: those of one sender that arrive within this time are acknowledged together. *ours* */
const ACKNOWLEDGEMENT_DELAY_MS = 2_000
/** Ids in one acknowledgement. *ours* */
const ACKNOWLEDGED_IDS_MAX = 256

interface Pending {
  readonly account: string
  readonly sender: string
  readonly ids: Set<string>
  readonly timer: Timer
}

/**
 * End-to-end acknowledgements of stanzas that came by letter, gathered per sender. One that is lost in a crash is made
 * again: the sender deposits again, and the repetition is acknowledged like the first.
 */
export class Acknowledgements {
  readonly #clock: Clock
  readonly #send: (account: string, sender: string, payload: Element) => void
  readonly #pending = new Map<string, Pending>()

  constructor(clock: Clock, send: (account: string, sender: string, payload: Element) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** The stanza is on disk here. */
  add(account: string, sender: string, id: string): void {
    const key = `${account} ${sender}`
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      const timer = this.#clock.schedule(ACKNOWLEDGEMENT_DELAY_MS, () => this.#flush(key))
      pending = { account, sender, ids: new Set(), timer }
      this.#pending.set(key, pending)
    }
    pending.ids.add(id)
    if (pending.ids.size >= ACKNOWLEDGED_IDS_MAX) {
      this.#flush(key)
    }
  }

  /** What is pending is dropped: see above. */
  stop(): void {
    for (const { timer } of this.#pending.values()) {
      timer.cancel()
    }
    this.#pending.clear()
  }

  #flush(key: string): void {
    const pending = this.#pending.get(key)
    if (pending === undefined) {
      return
    }
    this.#pending.delete(key)
    pending.timer.cancel()
    const ids = [...pending.ids].map((id) => element('id', NS_DELIVERED, {}, [id]))
    this.#send(pending.account, pending.sender, element('delivered', NS_DELIVERED, {}, ids))
  }
}

/** The ids that an acknowledgement names. */
export function acknowledgedIds(delivered: Element): string[] {
  return delivered
    .elements('id', NS_DELIVERED)
    .slice(0, ACKNOWLEDGED_IDS_MAX)
    .map((id) => id.text())
}
