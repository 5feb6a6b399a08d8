import { RECORD_CACHE_FRESH_MS } from '../../src/node/directory.ts'
import { CUSTODIANS_PER_PLACE } from '../../src/protocol/mailbox/letter-limits.ts'
import { DIAL_TIMEOUT_MS } from '../../src/protocol/mailbox/protocol.ts'
import { recordPlace } from './letters.ts'
import type { PersonParts } from './person-parts.ts'
import { MAILBOX_FRAME_BYTES, RECORD_BYTES } from './traffic.ts'

/** As in src/node/record-lookup.ts: after the first answer the others get so long. */
const GRACE_MS = 1_000

/** The account records of contacts as one person's node knows them, looked up as src/node/directory.ts does. */
export class Records {
  readonly #parts: PersonParts
  readonly #node: number
  /** When a contact's record was last known to be current. On the disk. */
  readonly #seenMs = new Map<number, number>()
  readonly #running = new Map<number, ((isKnown: boolean) => void)[]>()

  constructor(parts: PersonParts, node: number) {
    this.#parts = parts
    this.#node = node
  }

  /** It was met on a stanza stream. */
  learn(contact: number): void {
    this.#seenMs.set(contact, this.#parts.kernel.nowMs)
  }

  /** The disk is lost. */
  forget(): void {
    this.#seenMs.clear()
  }

  /** Whether there is a record; `refresh`: what is known does not do. `done` may be called at once. */
  find(contact: number, refresh: boolean, done: (isKnown: boolean) => void): void {
    const ageMs = this.#parts.kernel.nowMs - (this.#seenMs.get(contact) ?? Number.NEGATIVE_INFINITY)
    if (!refresh && ageMs < RECORD_CACHE_FRESH_MS) {
      done(true)
      return
    }
    const running = this.#running.get(contact)
    if (running !== undefined) {
      running.push(done)
      return
    }
    const waiting = [done]
    const startMs = this.#parts.kernel.nowMs
    this.#running.set(contact, waiting)
    const end = (): void => {
      this.#running.delete(contact)
      this.#parts.sleepers.lookedUp(this.#parts.kernel.nowMs - startMs)
      for (const tell of waiting) {
        tell(this.#seenMs.has(contact))
      }
    }
    const { searches, seed } = this.#parts
    searches.find(this.#node, recordPlace(seed, contact), (nodes) => {
      this.#ask(nodes.slice(0, CUSTODIANS_PER_PLACE), contact, end)
    })
  }

  #ask(custodians: readonly number[], contact: number, end: () => void): void {
    const { kernel, paths, streams, world, published } = this.#parts
    let [first, last] = [Number.POSITIVE_INFINITY, 0]
    for (const custodian of custodians) {
      const reach = paths.reach(this.#node, custodian)
      const answers = reach !== 'none' && world.up[custodian] === 1
      const exchange = { bytes: RECORD_BYTES, roundTrips: 1 }
      const tookMs = answers ? streams.requestMs(this.#node, custodian, reach, exchange) : DIAL_TIMEOUT_MS
      world.charge(this.#node, custodian, MAILBOX_FRAME_BYTES)
      world.charge(custodian, this.#node, answers ? RECORD_BYTES : 0)
      first = answers ? Math.min(first, tookMs) : first
      last = Math.max(last, tookMs)
    }
    kernel.schedule(Math.min(last, first + GRACE_MS), () => {
      // That a custodian still has it is taken for granted: there are ten, and it is published again every 22 hours.
      if (first !== Number.POSITIVE_INFINITY && published[contact] === 1) {
        this.#seenMs.set(contact, kernel.nowMs)
      }
      end()
    })
  }
}
