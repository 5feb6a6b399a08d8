/** The state of a roster item as the user's server knows it (RFC 6121 §A.1). */
export type SubscriptionState =
  | 'none'
  | 'none-pending-out'
  | 'none-pending-in'
  | 'none-pending-out-in'
  | 'to'
  | 'to-pending-in'
  | 'from'
  | 'from-pending-out'
  | 'both'

/** The presence stanzas that change it. */
export type SubscriptionType = 'subscribe' | 'unsubscribe' | 'subscribed' | 'unsubscribed'

/** The `subscription` attribute of a roster item (RFC 6121 §2.1.2.5). */
export type Subscription = 'none' | 'to' | 'from' | 'both'

/** What becomes of an outbound stanza. */
export interface OutboundSubscription {
  readonly state: SubscriptionState
  /** Whether it is sent on to the contact. */
  readonly route: boolean
}

/** What becomes of an inbound stanza. */
export interface InboundSubscription {
  readonly state: SubscriptionState
  /** Whether the user's clients are shown it. */
  readonly deliver: boolean
  /** What the server answers by itself. */
  readonly autoReply?: 'subscribed'
}

type Changes = Readonly<Record<SubscriptionType, Readonly<Partial<Record<SubscriptionState, SubscriptionState>>>>>

// RFC 6121 §A.2.1 to §A.2.4; a state that is not listed does not change.
const OUTBOUND: Changes = {
  subscribe: { none: 'none-pending-out', 'none-pending-in': 'none-pending-out-in', from: 'from-pending-out' },
  unsubscribe: {
    'none-pending-out': 'none',
    'none-pending-out-in': 'none-pending-in',
    to: 'none',
    'to-pending-in': 'none-pending-in',
    'from-pending-out': 'from',
    both: 'from',
  },
  subscribed: { 'none-pending-in': 'from', 'none-pending-out-in': 'from-pending-out', 'to-pending-in': 'both' },
  unsubscribed: {
    'none-pending-in': 'none',
    'none-pending-out-in': 'none-pending-out',
    'to-pending-in': 'to',
    from: 'none',
    'from-pending-out': 'none-pending-out',
    both: 'to',
  },
}

// RFC 6121 §A.3.1 to §A.3.4.
const INBOUND: Changes = {
  subscribe: { none: 'none-pending-in', 'none-pending-out': 'none-pending-out-in', to: 'to-pending-in' },
  unsubscribe: {
    'none-pending-in': 'none',
    'none-pending-out-in': 'none-pending-out',
    'to-pending-in': 'to',
    from: 'none',
    'from-pending-out': 'none-pending-out',
    both: 'to',
  },
  subscribed: { 'none-pending-out': 'to', 'none-pending-out-in': 'to-pending-in', 'from-pending-out': 'both' },
  unsubscribed: {
    'none-pending-out': 'none',
    'none-pending-out-in': 'none-pending-in',
    to: 'none',
    'to-pending-in': 'none-pending-in',
    'from-pending-out': 'from',
    both: 'from',
  },
}

/** What the user's server does with a stanza of the user (RFC 6121 §A.2). */
export function outbound(state: SubscriptionState, type: SubscriptionType): OutboundSubscription {
  const changed = OUTBOUND[type][state]
  // Requests are always sent on, so that two servers whose states have come apart find together again.
  const route = changed !== undefined || type === 'subscribe' || type === 'unsubscribe'
  return { state: changed ?? state, route }
}

/**
 * What the user's server does with a stanza of the contact (RFC 6121 §A.3).
 *
 * An `unsubscribe` has no automatic answer, unlike in RFC 3921: §3.3.3 asks for unavailable presence only, and an
 * `unsubscribed` would cancel the request of a contact who has asked again meanwhile.
 */
export function inbound(state: SubscriptionState, type: SubscriptionType): InboundSubscription {
  const changed = INBOUND[type][state]
  if (changed !== undefined) {
    return { state: changed, deliver: true }
  }
  // §A.3.1: the contact has forgotten that it is subscribed already.
  return type === 'subscribe' && sendsPresenceTo(state)
    ? { state, deliver: false, autoReply: 'subscribed' }
    : { state, deliver: false }
}

/** What the roster shows of a state. */
export function subscriptionOf(state: SubscriptionState): Subscription {
  return state.split('-', 1)[0] as Subscription
}

/** Whether the roster item says `ask='subscribe'`: the contact has not answered yet (RFC 6121 §2.1.2.2). */
export function isAsking(state: SubscriptionState): boolean {
  return state.includes('pending-out')
}

/** Whether the user has not answered the contact's request yet. */
export function isPendingIn(state: SubscriptionState): boolean {
  return state.endsWith('-in')
}

/** Whether the contact gets the user's presence. */
export function sendsPresenceTo(state: SubscriptionState): boolean {
  return state === 'from' || state === 'from-pending-out' || state === 'both'
}
