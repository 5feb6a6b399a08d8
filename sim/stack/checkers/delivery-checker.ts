import type { ArchivedMessage } from '../../../src/node/api.ts'
import { DeliveryOrder } from '../../results/delivery-order.ts'
import type { BookedMessage, MessageBook } from '../message-book.ts'
import type { ViolationLog } from '../violation-log.ts'

/**
 * Books of what was accepted and what was delivered: nothing accepted is lost, nothing comes twice, altered or to
 * somebody else; what a disk held before a crash it holds afterwards.
 */
export class DeliveryChecker {
  readonly #book: MessageBook
  readonly #violations: ViolationLog
  readonly #order = new DeliveryOrder()
  #twice = 0

  constructor(book: MessageBook, violations: ViolationLog) {
    this.#book = book
    this.#violations = violations
  }

  /** Deliveries of what had been delivered. */
  get twice(): number {
    return this.#twice
  }

  /** Deliveries after one that was sent later between the same two. */
  get outOfOrder(): number {
    return this.#order.inversions
  }

  /** A message has come in; gives the one it is, the first time. */
  received(person: number, message: ArchivedMessage): BookedMessage | undefined {
    const booked = this.#recognised(person, message)
    if (booked === undefined) {
      return undefined
    }
    if (booked.deliveredMs !== undefined) {
      if (!booked.isExcused) {
        this.#twice += 1
        this.#violations.add('delivered-once', `message ${booked.id} came a second time to person ${person}`)
      }
      return undefined
    }
    this.#order.delivered(booked)
    return booked
  }

  /** A node came back with its disk: what it acknowledged must be there. Gives what it has and nobody was told of. */
  returned(person: number, archive: readonly ArchivedMessage[]): BookedMessage[] {
    const [sent, received] = [new Set<number>(), new Map<number, number>()]
    const untold: BookedMessage[] = []
    for (const message of archive) {
      const booked = this.#book.find(message.body)
      if (booked === undefined) {
        continue
      }
      if (message.direction === 'out') {
        sent.add(booked.id)
        continue
      }
      if (this.#recognised(person, message) === undefined) {
        continue
      }
      const times = (received.get(booked.id) ?? 0) + 1
      received.set(booked.id, times)
      if (times > 1) {
        this.#violations.add('delivered-once', `message ${booked.id} is ${times} times in the archive of ${person}`)
      } else if (booked.deliveredMs === undefined) {
        untold.push(booked)
      }
    }
    for (const { id, from, to, stanzaId, deliveredMs, isExcused } of this.#book.messages) {
      if (from === person && stanzaId !== undefined && !(isExcused || sent.has(id))) {
        this.#violations.add('nothing-lost', `message ${id} was acknowledged to person ${person} and is gone from disk`)
      }
      if (to === person && deliveredMs !== undefined && !(isExcused || received.has(id))) {
        this.#violations.add('nothing-lost', `message ${id} was delivered to person ${person} and is gone from disk`)
      }
    }
    return untold
  }

  /** The time in which everything pending must arrive is over. */
  ended(): void {
    for (const { id, from, to, stanzaId, deliveredMs, hasFailed, isExcused, storedMs } of this.#book.messages) {
      if (stanzaId !== undefined && deliveredMs === undefined && !(hasFailed || isExcused)) {
        const state = storedMs === undefined ? 'queued' : 'stored'
        this.#violations.add('all-arrive', `message ${id} from ${from} to ${to} is still ${state} at the end`)
      }
    }
  }

  #recognised(person: number, { body }: ArchivedMessage): BookedMessage | undefined {
    const booked = this.#book.find(body)
    if (booked === undefined || booked.body !== body) {
      this.#violations.add('unaltered', `person ${person} received what nobody wrote: ${body.slice(0, 40)}`)
      return undefined
    }
    if (booked.to !== person) {
      this.#violations.add('unaltered', `message ${booked.id} for person ${booked.to} came to person ${person}`)
      return undefined
    }
    return booked
  }
}
