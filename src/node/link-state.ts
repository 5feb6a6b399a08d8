/** The first retry after a link could not be made. *ours* */
const LINK_RETRY_MIN_MS = 1_000
/** Retries never come further apart: a contact who returns and cannot dial us is found within this time. *ours* */
export const LINK_RETRY_MAX_MS: number = 5 * 60_000
const LINK_RETRY_FACTOR = 2

/**
 * Where the link to one account stands. A link is wanted for contacts and for recipients of waiting stanzas; it is up
 * while a stanza stream to one of the account's nodes is.
 */
export interface LinkState {
  readonly phase: 'idle' | 'connecting' | 'up' | 'waiting'
  readonly wanted: boolean
  /** Failed attempts since the link was last up. */
  readonly attempts: number
}

export type LinkEvent =
  | { readonly type: 'wanted' }
  | { readonly type: 'unwanted' }
  /** A stream to a node of the account opened, whoever dialled. */
  | { readonly type: 'up' }
  /** The last stream broke. */
  | { readonly type: 'down' }
  /** The attempt asked for by `connect` failed. `jitter` is uniform in [0, 1). */
  | { readonly type: 'failed'; readonly jitter: number }
  /** The time asked for by `wait` is over. */
  | { readonly type: 'due' }
  /** There is news of the account (a record, a connection to one of its nodes): waiting on makes no sense. */
  | { readonly type: 'wake' }

export type LinkEffect =
  /** Look the account up and dial its nodes. `refresh`: what was cached did not work. */
  | { readonly type: 'connect'; readonly refresh: boolean }
  /** Send `due` after this time; replaces an earlier wait. */
  | { readonly type: 'wait'; readonly delayMs: number }
  | { readonly type: 'cancel-wait' }

export const INITIAL_LINK_STATE: LinkState = { phase: 'idle', wanted: false, attempts: 0 }

/** How long to wait after `attempts` failures: exponential, with the upper half drawn at random. */
export function linkRetryDelayMs(attempts: number, jitter: number): number {
  const ceilingMs = Math.min(LINK_RETRY_MAX_MS, LINK_RETRY_MIN_MS * LINK_RETRY_FACTOR ** Math.min(attempts, 32))
  return Math.round(ceilingMs / 2 + (ceilingMs / 2) * jitter)
}

/** One step of the link to an account; no I/O. */
export function stepLink(state: LinkState, event: LinkEvent): readonly [LinkState, readonly LinkEffect[]] {
  switch (event.type) {
    case 'wanted':
      return state.phase === 'idle' ? connect({ ...state, wanted: true }) : [{ ...state, wanted: true }, []]
    case 'unwanted':
      return state.phase === 'waiting'
        ? [INITIAL_LINK_STATE, [{ type: 'cancel-wait' }]]
        : [{ ...state, wanted: false }, []]
    case 'up':
      return [{ ...state, phase: 'up', attempts: 0 }, state.phase === 'waiting' ? [{ type: 'cancel-wait' }] : []]
    case 'down':
      return state.phase === 'up' ? settle({ ...state, phase: 'idle', attempts: 0 }) : [state, []]
    case 'failed':
      return state.phase === 'connecting' ? fail(state, event.jitter) : [state, []]
    case 'due':
      return state.phase === 'waiting' ? connect(state) : [state, []]
    case 'wake':
      return wake(state)
  }
}

function connect(state: LinkState): readonly [LinkState, readonly LinkEffect[]] {
  return [{ ...state, phase: 'connecting' }, [{ type: 'connect', refresh: state.attempts > 0 }]]
}

function settle(state: LinkState): readonly [LinkState, readonly LinkEffect[]] {
  return state.wanted ? connect(state) : [INITIAL_LINK_STATE, []]
}

function fail(state: LinkState, jitter: number): readonly [LinkState, readonly LinkEffect[]] {
  if (!state.wanted) {
    return [INITIAL_LINK_STATE, []]
  }
  const delayMs = linkRetryDelayMs(state.attempts, jitter)
  return [{ ...state, phase: 'waiting', attempts: state.attempts + 1 }, [{ type: 'wait', delayMs }]]
}

function wake(state: LinkState): readonly [LinkState, readonly LinkEffect[]] {
  if (state.phase !== 'waiting') {
    return [state, []]
  }
  const [next, effects] = connect({ ...state, attempts: 0 })
  return [next, [{ type: 'cancel-wait' }, ...effects]]
}
