import {
  type DeliveryEvent,
  type DeliveryState,
  INITIAL_DELIVERY_STATE,
  stepDelivery,
} from '../protocol/mailbox/delivery-state.ts'
import type { Clock, Timer } from '../system/clock.ts'

/** Longest time that a timer of the clock may be set to, in ms. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** A stanza that waits in the outbox. */
export interface WaitingStanza {
  readonly position: number
  readonly recipient: string
  readonly expiresMs: number
  /** Enough custodians had it before the last restart. */
  readonly storedBefore: boolean
}

export interface DeliveryHandlers {
  /** Whether stanzas to `recipient` leave directly now. */
  isLinkUp(recipient: string): boolean
  /** The direct way has had its chance: seal it and deposit it, until `stopDeposit`. */
  startDeposit(position: number, storedBefore: boolean): void
  stopDeposit(position: number): void
  /** Enough custodians have it. */
  stored(position: number, receipts: number, of: number): void
  /** Nobody took it in its time. */
  failed(position: number): void
}

/** Races the direct way against letters for every stanza in the outbox (docs/protocol/mailbox.md). */
export class Deliveries {
  readonly #clock: Clock
  readonly #handlers: DeliveryHandlers
  readonly #states = new Map<number, { recipient: string; state: DeliveryState }>()
  readonly #byRecipient = new Map<string, Set<number>>()
  #timer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, handlers: DeliveryHandlers) {
    this.#clock = clock
    this.#handlers = handlers
  }

  stop(): void {
    this.#timer?.cancel()
    this.#states.clear()
    this.#byRecipient.clear()
  }

  /** A stanza is on disk in the outbox. */
  queued({ position, recipient, expiresMs, storedBefore }: WaitingStanza): void {
    this.#states.set(position, { recipient, state: INITIAL_DELIVERY_STATE })
    const positions = this.#byRecipient.get(recipient) ?? new Set()
    this.#byRecipient.set(recipient, positions.add(position))
    const linkUp = this.#handlers.isLinkUp(recipient)
    const phase = storedBefore ? 'stored' : 'queued'
    const nowMs = this.#clock.wallMs()
    this.#step(position, { type: 'queued', nowMs, expiresMs, storable: true, linkUp, phase })
  }

  linkUp(recipient: string): void {
    this.#stepAll(recipient, { type: 'link-up', nowMs: this.#clock.wallMs() })
  }

  linkDown(recipient: string): void {
    this.#stepAll(recipient, { type: 'link-down', nowMs: this.#clock.wallMs() })
  }

  /** Told by the deposit: enough custodians have signed for it. */
  stored(position: number, receipts: number, of: number): void {
    this.#step(position, { type: 'stored', receipts, of })
  }

  /** Told by the deposit: there will be no letter. */
  depositFailed(position: number, reason: 'expired' | 'too-large'): void {
    this.#step(position, { type: 'deposit-failed', reason })
  }

  /** The stanza has left the outbox. */
  ended(position: number): void {
    this.#step(position, { type: 'acknowledged' })
    this.#forget(position)
  }

  #stepAll(recipient: string, event: DeliveryEvent): void {
    for (const position of [...(this.#byRecipient.get(recipient) ?? [])]) {
      this.#step(position, event)
    }
  }

  #step(position: number, event: DeliveryEvent): void {
    const known = this.#states.get(position)
    if (known === undefined) {
      return
    }
    const storedBefore = known.state.phase === 'stored' || (event.type === 'queued' && event.phase === 'stored')
    const [state, effects] = stepDelivery(known.state, event)
    known.state = state
    for (const effect of effects) {
      if (effect.type === 'start-deposit') {
        this.#handlers.startDeposit(position, storedBefore)
      } else if (effect.type === 'stop-deposit') {
        this.#handlers.stopDeposit(position)
      } else if (effect.type === 'stored') {
        this.#handlers.stored(position, effect.receipts, effect.of)
      } else if (effect.type === 'failed') {
        this.#handlers.failed(position)
      }
    }
    this.#wakeAt(state.dueMs)
  }

  #forget(position: number): void {
    const known = this.#states.get(position)
    if (known === undefined) {
      return
    }
    this.#states.delete(position)
    const positions = this.#byRecipient.get(known.recipient)
    positions?.delete(position)
    if (positions?.size === 0) {
      this.#byRecipient.delete(known.recipient)
    }
  }

  /** One timer for all: a stanza that ended before it was due costs nothing. */
  #wakeAt(dueMs: number): void {
    if (dueMs >= this.#dueMs) {
      return
    }
    this.#dueMs = dueMs
    this.#timer?.cancel()
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(0, dueMs - this.#clock.wallMs()))
    this.#timer = this.#clock.schedule(delayMs, () => this.#wake())
  }

  #wake(): void {
    this.#dueMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.wallMs()
    const due = [...this.#states].filter(([, { state }]) => state.dueMs <= nowMs)
    for (const [position] of due) {
      this.#step(position, { type: 'due', nowMs })
    }
    let nextMs = Number.POSITIVE_INFINITY
    for (const { state } of this.#states.values()) {
      nextMs = Math.min(nextMs, state.dueMs)
    }
    this.#wakeAt(Math.max(nextMs, nowMs + 1))
  }
}
