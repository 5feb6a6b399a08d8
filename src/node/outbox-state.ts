/** Stanzas to one recipient that may be under way unacknowledged; below the bound of a stanza session. *ours* */
export const OUTBOX_WINDOW = 500
/** Stanzas read from the store at a time. *ours* */
const OUTBOX_BATCH = 100

/**
 * How far the stanzas waiting for one recipient have been handed to its link. Positions grow; stanzas leave in their
 * order and what was lost goes out again before anything later does.
 */
export interface OutboxState {
  readonly up: boolean
  /** The highest position that is on disk; nothing beyond it may leave. */
  readonly durable: number
  /** Everything up to this position was handed to the link. */
  readonly sent: number
  /** How many of those are neither acknowledged nor lost. */
  readonly inFlight: number
  /** The link takes no more until something is acknowledged. */
  readonly full: boolean
}

export type OutboxEvent =
  /** The stanza at `position` is on disk. */
  | { readonly type: 'queued'; readonly position: number }
  | { readonly type: 'up' }
  | { readonly type: 'down' }
  | { readonly type: 'sent'; readonly position: number }
  /** All stored stanzas up to `to` have been handed over: the next ones have positions beyond it. */
  | { readonly type: 'exhausted'; readonly to: number }
  /** The link refused a stanza because too many are unacknowledged. */
  | { readonly type: 'full' }
  | { readonly type: 'acknowledged' }
  /** The link gave up on the stanza at `position` without knowing whether it arrived. */
  | { readonly type: 'lost'; readonly position: number }

/** Hand the stored stanzas in (after, to], at most `limit`, to the link, in order. */
export interface OutboxEffect {
  readonly type: 'transmit'
  readonly after: number
  readonly to: number
  readonly limit: number
}

/** The state at start, when everything up to `durable` is on disk and nothing was sent. */
export function initialOutboxState(durable: number): OutboxState {
  return { up: false, durable, sent: 0, inFlight: 0, full: false }
}

/** One step of the outbox of one recipient; no I/O. */
export function stepOutbox(state: OutboxState, event: OutboxEvent): readonly [OutboxState, OutboxEffect | undefined] {
  switch (event.type) {
    case 'queued':
      return transmit({ ...state, durable: Math.max(state.durable, event.position) })
    case 'up':
      return transmit({ ...state, up: true, full: false })
    case 'down':
      return [{ ...state, up: false }, undefined]
    case 'sent':
      return [{ ...state, sent: Math.max(state.sent, event.position), inFlight: state.inFlight + 1 }, undefined]
    case 'exhausted':
      return [{ ...state, sent: Math.max(state.sent, event.to) }, undefined]
    case 'full':
      return [{ ...state, full: true }, undefined]
    case 'acknowledged':
      return transmit({ ...state, inFlight: state.inFlight - 1, full: false })
    case 'lost':
      return lost(state, event.position)
  }
}

/** Asks for more only when half the window is free, so that the store is read in batches. */
function transmit(state: OutboxState): readonly [OutboxState, OutboxEffect | undefined] {
  const room = OUTBOX_WINDOW - state.inFlight
  const idle = state.inFlight === 0 || room >= OUTBOX_WINDOW / 2
  if (!state.up || state.full || !idle || state.sent >= state.durable) {
    return [state, undefined]
  }
  const limit = Math.min(OUTBOX_BATCH, room)
  return [state, { type: 'transmit', after: state.sent, to: state.durable, limit }]
}

/** A session loses all it had under way at once, so sending starts over only when the last of it is reported. */
function lost(state: OutboxState, position: number): readonly [OutboxState, OutboxEffect | undefined] {
  const next = {
    ...state,
    sent: Math.min(state.sent, position - 1),
    inFlight: state.inFlight - 1,
    full: true,
  }
  return next.inFlight === 0 ? transmit({ ...next, full: false }) : [next, undefined]
}
