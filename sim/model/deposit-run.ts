import type { DepositEffect, DepositEvent } from '../../src/protocol/mailbox/deposit-event.ts'
import { type DepositState, INITIAL_DEPOSIT_STATE, stepDeposit } from '../../src/protocol/mailbox/deposit-state.ts'
import { CUSTODIANS_PER_PLACE, REDEPOSIT_INTERVAL_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { DIAL_TIMEOUT_MS } from '../../src/protocol/mailbox/protocol.ts'
import { COMMIT_DELAY_MS } from '../system/disk.ts'
import type { CustodianCache } from './custodian-cache.ts'
import { type Letter, mailboxName } from './letters.ts'
import type { PersonParts, Waiting } from './person-parts.ts'
import type { Records } from './records.ts'
import { MAILBOX_FRAME_BYTES, SEALED_OVERHEAD_BYTES } from './traffic.ts'

/** What the node knows of recipients. */
interface DepositWays {
  readonly cache: CustodianCache
  readonly records: Records
}

export interface DepositTold {
  stored(receipts: number, of: number): void
  failed(reason: 'expired' | 'too-large'): void
}

/** Drives the deposit state machine of one message, as src/node/outgoing-letter.ts does. */
export class DepositRun {
  readonly #parts: PersonParts
  readonly #cache: CustodianCache
  readonly #records: Records
  readonly #item: Waiting
  readonly #told: DepositTold
  #state: DepositState = INITIAL_DEPOSIT_STATE
  #letter: Letter | undefined
  #letters = 0
  #timer = -1
  #timerMs = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(parts: PersonParts, { cache, records }: DepositWays, item: Waiting, told: DepositTold) {
    this.#parts = parts
    this.#cache = cache
    this.#records = records
    this.#item = item
    this.#told = told
  }

  /** The letter last sealed, wherever it is. */
  get letter(): Letter | undefined {
    return this.#letter
  }

  start(): void {
    const { acceptedMs, expiresMs, storedBefore } = this.#item
    const { wallMs } = this.#parts.kernel
    const roundsMs = REDEPOSIT_INTERVAL_MS * Math.ceil((wallMs - acceptedMs) / REDEPOSIT_INTERVAL_MS)
    this.#step({
      type: 'start',
      expiresMs,
      storedBefore,
      notBeforeMs: storedBefore ? acceptedMs + roundsMs : 0,
      ...this.#moment(),
    })
  }

  networkChanged(): void {
    this.#step({ type: 'network-changed', ...this.#moment() })
  }

  /** Nobody needs it any more, or the node stops. */
  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #moment(): { readonly nowMs: number; readonly jitter: number } {
    return { nowMs: this.#parts.kernel.wallMs, jitter: this.#parts.stream.next() }
  }

  #step(event: DepositEvent): void {
    if (this.#stopped) {
      return
    }
    const [state, effects] = stepDeposit(this.#state, event)
    this.#state = state
    for (const effect of effects) {
      this.#perform(effect)
    }
    this.#setTimer()
  }

  #perform(effect: DepositEffect): void {
    switch (effect.type) {
      case 'seal':
        this.#seal(effect.day)
        return
      case 'lookup':
        this.#lookUp(effect.day)
        return
      case 'deposit':
        this.#deposit(effect.peerId)
        return
      case 'stored':
        this.#told.stored(effect.receipts, effect.of)
        return
      case 'failed':
        this.#told.failed(effect.reason)
        return
      case 'receipts':
      case 'refused':
        return
    }
  }

  #seal(day: number): void {
    const { to, from, position, bytes } = this.#item
    const { kernel } = this.#parts
    const letter: Letter = {
      id: `${from}-${position}-${this.#letters++}-${kernel.nowMs}`,
      mailbox: mailboxName(to, day),
      bytes: bytes + SEALED_OVERHEAD_BYTES,
      permit: String(from),
      content: this.#item,
      depositedMs: kernel.wallMs,
      holders: new Set(),
    }
    this.#letter = letter
    if (this.#item.message !== undefined) {
      this.#item.message.letter = letter
    }
    this.#records.find(to, this.#state.failures > 0, (isKnown) => {
      const outcome = isKnown ? 'sealed' : 'not-sealed'
      // Which of the recipient's keys was used is on the disk before the letter leaves.
      kernel.schedule(COMMIT_DELAY_MS, () => this.#for(letter, { type: outcome, ...this.#moment() }))
    })
  }

  #lookUp(day: number): void {
    const letter = this.#letter
    this.#cache.find(mailboxName(this.#item.to, day), (peers) => {
      // Later, so that one step never runs inside another.
      this.#parts.kernel.schedule(0, () => {
        const found = { peers: peers.slice(0, CUSTODIANS_PER_PLACE), spares: peers.slice(CUSTODIANS_PER_PLACE) }
        const moment = this.#moment()
        this.#for(
          letter,
          peers.length === 0 ? { type: 'lookup-failed', ...moment } : { type: 'custodians', ...found, ...moment },
        )
      })
    })
  }

  #deposit(peerId: string): void {
    const { kernel, paths, streams, world, custody, homes } = this.#parts
    const letter = this.#letter as Letter
    const node = homes[this.#item.from] as number
    const peer = Number(peerId)
    const reach = paths.reach(node, peer)
    const answers = reach !== 'none' && world.up[peer] === 1
    const delayMs = answers
      ? streams.requestMs(node, peer, reach, { bytes: letter.bytes + 2 * MAILBOX_FRAME_BYTES, roundTrips: 1 })
      : DIAL_TIMEOUT_MS
    world.charge(node, peer, letter.bytes + MAILBOX_FRAME_BYTES)
    kernel.schedule(delayMs + COMMIT_DELAY_MS, () => {
      if (this.#stopped || this.#letter !== letter) {
        return
      }
      if (!answers || world.up[peer] === 0) {
        paths.dialsFailed += reach === 'linked' ? 0 : 1
        this.#cache.doubt(letter.mailbox)
        this.#step({ type: 'unreachable', peerId, ...this.#moment() })
        return
      }
      world.charge(peer, node, MAILBOX_FRAME_BYTES)
      const answer = custody.deposit(peer, node, letter)
      if (answer === 'receipt') {
        this.#step({ type: 'receipt', peerId, ...this.#moment() })
      } else {
        const { reason, retryAfterMs } = answer
        this.#step({
          type: 'refused',
          peerId,
          reason,
          ...(retryAfterMs !== undefined && { retryAfterMs }),
          ...this.#moment(),
        })
      }
    })
  }

  #for(letter: Letter | undefined, event: DepositEvent): void {
    if (this.#letter === letter) {
      this.#step(event)
    }
  }

  #setTimer(): void {
    const { kernel } = this.#parts
    const { dueMs } = this.#state
    if (dueMs === this.#timerMs) {
      return
    }
    this.#cancel()
    if (this.#stopped || dueMs === Number.POSITIVE_INFINITY) {
      return
    }
    this.#timerMs = dueMs
    this.#timer = kernel.schedule(Math.max(1, dueMs - kernel.wallMs), () => {
      this.#timer = -1
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#step({ type: 'due', ...this.#moment() })
    })
  }

  #cancel(): void {
    if (this.#timer >= 0) {
      this.#parts.kernel.cancel(this.#timer)
    }
    this.#timer = -1
    this.#timerMs = Number.POSITIVE_INFINITY
  }
}
