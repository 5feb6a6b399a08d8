import { DEPOSIT_TARGETS_MAX } from '../../src/protocol/mailbox/letter-limits.ts'
import { custodiansOf } from '../../src/protocol/mailbox/placement.ts'
import { mailboxPlace } from './letters.ts'
import type { PersonParts } from './person-parts.ts'

/** As in src/node/letter-custodians.ts: a lookup serves all letters of the next minutes, doubted ones less long. */
const FRESH_MS = 180_000
const DOUBTED_MS = 10_000
/** Lookups remembered; above it all are forgotten. */
const CACHED_MAX = 256

interface Cached {
  readonly sinceMs: number
  readonly peers: readonly string[]
}

/** The custodians of mailboxes as one node finds them. */
export class CustodianCache {
  readonly #parts: PersonParts
  readonly #node: number
  readonly #cached = new Map<string, Cached>()
  readonly #running = new Map<string, ((peers: readonly string[]) => void)[]>()

  constructor(parts: PersonParts, node: number) {
    this.#parts = parts
    this.#node = node
  }

  /** At most 20, nearest first; the first 10 are the custodians. Empty: nobody answered. */
  find(mailbox: string, done: (peers: readonly string[]) => void): void {
    const { kernel, searches, custody, seed } = this.#parts
    const known = this.#cached.get(mailbox)
    if (known !== undefined && kernel.nowMs - known.sinceMs < FRESH_MS) {
      done(known.peers)
      return
    }
    const running = this.#running.get(mailbox)
    if (running !== undefined) {
      running.push(done)
      return
    }
    const waiting = [done]
    this.#running.set(mailbox, waiting)
    searches.find(this.#node, mailboxPlace(seed, mailbox), (nodes) => {
      this.#running.delete(mailbox)
      const candidates = nodes.map((node) => custody.candidate(node))
      const peers = custodiansOf(candidates, DEPOSIT_TARGETS_MAX).map(({ peerId }) => peerId)
      if (peers.length > 0) {
        this.#remember(mailbox, peers)
      }
      for (const tell of waiting) {
        tell(peers)
      }
    })
  }

  /** What was found before may be wrong. */
  clear(): void {
    this.#cached.clear()
  }

  /** Somebody who was found could not be reached. */
  doubt(mailbox: string): void {
    const known = this.#cached.get(mailbox)
    if (known !== undefined && this.#parts.kernel.nowMs - known.sinceMs >= DOUBTED_MS) {
      this.#cached.delete(mailbox)
    }
  }

  #remember(mailbox: string, peers: readonly string[]): void {
    if (this.#cached.size >= CACHED_MAX) {
      this.#cached.clear()
    }
    this.#cached.set(mailbox, { peers, sinceMs: this.#parts.kernel.nowMs })
  }
}
