import type { Clock } from '../system/clock.ts'
import { type Element, element } from '../xml/element.ts'

/** Names, in a letter, the message that its sender wrote before this one. Kabber's own. */
const NS_ORDER = 'urn:kabber:order:0'

/** Letters come from ten custodians in any order: one whose predecessor is not here yet waits for so long. *ours* */
const PREDECESSOR_WAIT_MS = 15_000
/** Letters that wait for their predecessors at a time; further ones do not wait. *ours* */
const WAITING_MAX = 256

/** The element that puts a letter behind the message with this id. */
export function orderElement(predecessor: string): Element {
  return element('after', NS_ORDER, { id: predecessor })
}

/** The id of the message that comes before this one, and the stanza as its sender's client wrote it. */
export function splitOrder(stanza: Element): { readonly predecessor: string | undefined; readonly stanza: Element } {
  const after = stanza.child('after', NS_ORDER)
  const isOurs = (child: Element): boolean => child.namespace === NS_ORDER
  return { predecessor: after?.attribute('id'), stanza: after === undefined ? stanza : stanza.without(isOurs) }
}

/** Brings letters of one sender into the order in which they were written, as far as waiting a little can. */
export class LetterOrder {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<() => void>>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when the message is on disk here, by `arrived`, or after a while. */
  async waitFor(account: string, sender: string, id: string): Promise<void> {
    if (this.#count >= WAITING_MAX) {
      return
    }
    const key = keyOf(account, sender, id)
    const waiting = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiting)
    this.#count += 1
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(PREDECESSOR_WAIT_MS, () => done())
      const done = (): void => {
        timer.cancel()
        waiting.delete(done)
        resolve()
      }
      waiting.add(done)
    })
    this.#count -= 1
    if (waiting.size === 0) {
      this.#waiting.delete(key)
    }
  }

  /** A message is on disk here. */
  arrived(account: string, sender: string, id: string): void {
    for (const done of [...(this.#waiting.get(keyOf(account, sender, id)) ?? [])]) {
      done()
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    for (const waiting of [...this.#waiting.values()]) {
      for (const done of [...waiting]) {
        done()
      }
    }
  }
}

function keyOf(account: string, sender: string, id: string): string {
  return `${account} ${sender} ${id}`
}
