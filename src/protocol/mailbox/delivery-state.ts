import { DIRECT_ACKNOWLEDGEMENT_MS } from './letter-limits.ts'

/** What the sender's client is told of one message. */
export type DeliveryPhase = 'queued' | 'stored' | 'delivered' | 'failed'

/** One message on its way, by direct stream and by letter at once if need be; the recipient drops what comes twice. */
export interface DeliveryState {
  readonly phase: DeliveryPhase
  /** Whether it may be kept for somebody who is offline (XEP-0160, XEP-0334). */
  readonly storable: boolean
  readonly linkUp: boolean
  /** Handed to the direct stream, neither acknowledged nor lost. */
  readonly underWay: boolean
  readonly deposit: 'none' | 'running' | 'too-large'
  readonly expiresMs: number
  /** Until when the direct stream alone has its chance. */
  readonly directUntilMs: number
  /** When to send `due`; Infinity: never. */
  readonly dueMs: number
}

export type DeliveryEvent =
  /** It is on the sender's disk. `phase`: from before a restart. */
  | {
      readonly type: 'queued'
      readonly nowMs: number
      readonly expiresMs: number
      readonly storable: boolean
      readonly linkUp: boolean
      readonly phase: 'queued' | 'stored'
    }
  | { readonly type: 'link-up'; readonly nowMs: number }
  | { readonly type: 'link-down'; readonly nowMs: number }
  /** The direct stream acknowledged it, or a receipt came by letter or stanza: the recipient's node has stored it. */
  | { readonly type: 'acknowledged' }
  /** Told by the deposit state machine. */
  | { readonly type: 'stored'; readonly receipts: number; readonly of: number }
  | { readonly type: 'deposit-failed'; readonly reason: 'expired' | 'too-large' }
  | { readonly type: 'due'; readonly nowMs: number }

export type DeliveryEffect =
  /** Hand it to the direct stream. */
  | { readonly type: 'send' }
  /** Run its deposit state machine until `stop-deposit`. */
  | { readonly type: 'start-deposit' }
  | { readonly type: 'stop-deposit' }
  /** At most once a message. */
  | { readonly type: 'stored'; readonly receipts: number; readonly of: number }
  /** One of the two, exactly once; nothing follows. */
  | { readonly type: 'delivered' }
  | { readonly type: 'failed'; readonly reason: 'expired' | 'too-large' }

export const INITIAL_DELIVERY_STATE: DeliveryState = {
  phase: 'queued',
  storable: true,
  linkUp: false,
  underWay: false,
  deposit: 'none',
  expiresMs: 0,
  directUntilMs: 0,
  dueMs: Number.POSITIVE_INFINITY,
}

type Step = readonly [DeliveryState, readonly DeliveryEffect[]]

/** One step of a message; no I/O. */
export function stepDelivery(state: DeliveryState, event: DeliveryEvent): Step {
  if (state.phase === 'delivered' || state.phase === 'failed') {
    return [state, []]
  }
  switch (event.type) {
    case 'queued':
      return queued(event)
    case 'link-up':
      return send({ ...state, linkUp: true, underWay: false }, event.nowMs)
    case 'link-down':
      return deposit({ ...state, linkUp: false, underWay: false })
    case 'acknowledged':
      return end(state, { type: 'delivered' })
    case 'stored': {
      const { receipts, of } = event
      return state.phase === 'stored'
        ? [state, []]
        : [{ ...state, phase: 'stored' }, [{ type: 'stored', receipts, of }]]
    }
    case 'deposit-failed':
      return event.reason === 'expired'
        ? end({ ...state, deposit: 'none' }, { type: 'failed', reason: 'expired' })
        : [{ ...state, deposit: 'too-large', dueMs: state.expiresMs }, []]
    case 'due':
      return due(state, event.nowMs)
  }
}

function queued({ nowMs, expiresMs, storable, linkUp, phase }: Extract<DeliveryEvent, { type: 'queued' }>): Step {
  const state: DeliveryState = { ...INITIAL_DELIVERY_STATE, phase, storable, linkUp, expiresMs, dueMs: expiresMs }
  if (nowMs >= expiresMs) {
    return end(state, { type: 'failed', reason: 'expired' })
  }
  return linkUp ? send(state, nowMs) : deposit(state)
}

/** A link that is up is used at once, also for what is stored already: the recipient has shown up. */
function send(state: DeliveryState, nowMs: number): Step {
  const directUntilMs = nowMs + DIRECT_ACKNOWLEDGEMENT_MS
  const races = state.storable && state.deposit === 'none'
  const dueMs = races ? Math.min(state.expiresMs, directUntilMs) : state.expiresMs
  return [{ ...state, underWay: true, directUntilMs, dueMs }, [{ type: 'send' }]]
}

function deposit(state: DeliveryState): Step {
  const starts = state.storable && state.deposit === 'none'
  const next: DeliveryState = { ...state, dueMs: state.expiresMs, deposit: starts ? 'running' : state.deposit }
  return [next, starts ? [{ type: 'start-deposit' }] : []]
}

function due(state: DeliveryState, nowMs: number): Step {
  if (nowMs >= state.expiresMs) {
    return end(state, { type: 'failed', reason: state.deposit === 'too-large' ? 'too-large' : 'expired' })
  }
  return nowMs >= state.directUntilMs ? deposit(state) : [state, []]
}

function end(state: DeliveryState, effect: DeliveryEffect & { readonly type: 'delivered' | 'failed' }): Step {
  const next: DeliveryState = { ...state, phase: effect.type, underWay: false, dueMs: Number.POSITIVE_INFINITY }
  return [next, state.deposit === 'running' ? [{ type: 'stop-deposit' }, effect] : [effect]]
}
