import type { Clock } from '../system/clock.ts'
import { type Element, element } from '../xml/element.ts'

/** Names, in a letter, the message that its sender wrote before this one. Kabber's own. */
const NS_ORDER = 'urn:kabber:order:0'

/** Letters come from ten custodians in any order: one whose predecessor is not here yet waits for so long. *ours* */
const PREDECESSOR_WAIT_MS = 15_000
/** A letter whose predecessor itself waits here waits for so many times that, then not even for it. *ours* */
const WAITS_MAX = 4
/** Letters that wait for their predecessors at a time, as many as are opened; further ones do not wait. *ours* */
const WAITING_MAX = 1_024

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

interface Waiting {
  resolve(): void
  reject(reason: Error): void
}

/** Brings letters of one sender into the order in which they were written, as far as waiting a little can. */
export class LetterOrder {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<Waiting>>()
  /** Letters that are here and not on disk yet, with how many copies. */
  readonly #here = new Map<string, number>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A letter with the message of this id is here; call what is returned when the message is on disk, or never will be. */
  enter(account: string, sender: string, id: string): () => void {
    const key = keyOf(account, sender, id)
    this.#here.set(key, (this.#here.get(key) ?? 0) + 1)
    return () => {
      const copies = this.#here.get(key) ?? 0
      if (copies > 1) {
        this.#here.set(key, copies - 1)
      } else {
        this.#here.delete(key)
      }
    }
  }

  /** Resolves when the message is on disk here, by `arrived`, or after a while. Rejects when the node stops. */
  async waitFor(account: string, sender: string, id: string): Promise<void> {
    if (this.#count >= WAITING_MAX) {
      return
    }
    const key = keyOf(account, sender, id)
    const waiting = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiting)
    this.#count += 1
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const one: Waiting = { resolve, reject }
    waiting.add(one)
    let timer = this.#clock.schedule(PREDECESSOR_WAIT_MS, () => late(1))
    // One that waits too will not be long: only the first of several needs to give up on what is missing.
    const late = (waits: number): void => {
      if (waits < WAITS_MAX && this.#here.has(key)) {
        timer = this.#clock.schedule(PREDECESSOR_WAIT_MS, () => late(waits + 1))
      } else {
        resolve()
      }
    }
    try {
      await promise
    } finally {
      timer.cancel()
      waiting.delete(one)
      this.#count -= 1
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) {
        this.#waiting.delete(key)
      }
    }
  }

  /** A message is on disk here. */
  arrived(account: string, sender: string, id: string): void {
    for (const { resolve } of this.#waiting.get(keyOf(account, sender, id)) ?? []) {
      resolve()
    }
  }

  /** Whoever waits gives up: the letters are collected again, in their order. */
  stop(): void {
    for (const waiting of this.#waiting.values()) {
      for (const { reject } of waiting) {
        reject(new Error('the node is stopping'))
      }
    }
  }
}

function keyOf(account: string, sender: string, id: string): string {
  return `${account} ${sender} ${id}`
}
