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
  readonly deposit: 'none' | 'running' | 'given-up'
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

/** One step of a message; no I/O. */
export function stepDelivery(
  _state: DeliveryState,
  _event: DeliveryEvent,
): readonly [DeliveryState, readonly DeliveryEffect[]] {
  throw new Error('TODO')
}
