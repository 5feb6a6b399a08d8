import type { PeerIdText } from '../../system/network.ts'
import {
  acknowledge,
  askCustodians,
  beginDay,
  type CollectionDay,
  type DayMoment,
  failDay,
  keepFollowing,
  nextWave,
  takeLetter,
} from './collection-day.ts'
import type { CollectionEffect } from './collection-effect.ts'
import { COLLECT_INTERVAL_MS, COLLECTED_DAYS_MAX, DAY_MS, dayOf, FOLLOW_MARGIN_MS } from './letter-limits.ts'

/** `nowMs` is the wall clock; `jitter` is uniform in [0, 1). */
interface Moment {
  readonly nowMs: number
  readonly jitter: number
}

export type CollectionEvent =
  /** At start, and whenever the network came back or changed. */
  | (Moment & { readonly type: 'online' })
  /** Answers to `lookup`: at most 10, nearest first. */
  | (Moment & { readonly type: 'custodians'; readonly day: number; readonly peers: readonly PeerIdText[] })
  | (Moment & { readonly type: 'lookup-failed'; readonly day: number })
  /** A letter, whose id was found to be its hash; during a collection or, if followed, later. */
  | { readonly type: 'letter'; readonly day: number; readonly peerId: PeerIdText; readonly letterId: string }
  /** Answer to `collect`: everything the custodian had has come. */
  | (Moment & { readonly type: 'collected'; readonly day: number; readonly peerId: PeerIdText })
  /** Answer to `collect`, or the end of following: unreachable, refused, broke the protocol, lied. */
  | (Moment & { readonly type: 'silent'; readonly day: number; readonly peerId: PeerIdText })
  /** Answers to `open`: what was in it is on disk (or is noted there as nothing this account can use); or is not. */
  | (Moment & { readonly type: 'stored'; readonly day: number; readonly letterId: string })
  | (Moment & { readonly type: 'not-stored'; readonly day: number; readonly letterId: string })
  /** A letter has been with the driver for long: perhaps it waits for one that another custodian has. */
  | (Moment & { readonly type: 'held'; readonly day: number })
  | (Moment & { readonly type: 'due' })

/**
 * The recipient's side of its mailboxes; changed in place by `stepCollection`.
 *
 * Everybody is asked, not three of ten and then until it seems enough. Of a letter with s receipts the recipient misses
 * nothing unless all s holders are dead or lie, which is the best there is: half the nodes dead, 1.6 % for s = 6 and
 * 0.1 % for s = 10; with nine liars of ten it still comes. Three alone would miss 3.3 % of the letters with s = 6 though
 * nobody died, and 17 % with two liars among the holders; stopping after five that agree, 2.4 %. It costs little, since
 * the other seven are asked when the first three's letters are acknowledged: they send what was missing, mostly nothing.
 */
export interface CollectionState {
  /** Of every day up to this one everything is on disk that there was; undefined: never collected. Keep it on disk. */
  through: number | undefined
  /** Ascending. */
  readonly days: Map<number, CollectionDay>
  /** When to send `due`; Infinity: never. */
  dueMs: number
}

type EventOf<Type extends CollectionEvent['type']> = Extract<CollectionEvent, { readonly type: Type }>
type Effects = readonly CollectionEffect[]

/** `through`: from disk. */
export function initialCollectionState(through: number | undefined): CollectionState {
  return { through, days: new Map(), dueMs: Number.POSITIVE_INFINITY }
}

/** One step; changes `state` in place. */
export function stepCollection(state: CollectionState, event: CollectionEvent): Effects {
  if (event.type === 'letter') {
    const day = state.days.get(event.day)
    return day === undefined ? [] : takeLetter(day, event)
  }
  const effects = event.type === 'online' || event.type === 'due' ? wake(state, event) : answered(state, event)
  const finished = finish(state)
  state.dueMs = nextDueMs(state, event.nowMs)
  return [...effects, ...finished]
}

/** Whether letters to this day's mailbox are awaited as they come: today, and the neighbour around midnight. */
export function isFollowedDay(day: number, nowMs: number): boolean {
  return dayOf(nowMs - FOLLOW_MARGIN_MS) <= day && day <= dayOf(nowMs + FOLLOW_MARGIN_MS)
}

function wake(state: CollectionState, event: EventOf<'online' | 'due'>): Effects {
  const { nowMs } = event
  openDays(state, nowMs)
  // The newest first: what is waited for most is there.
  return [...state.days.values()].reverse().flatMap((day) => {
    if (day.finished) {
      return []
    }
    if (event.type === 'online') {
      return beginDay(day, true)
    }
    if (day.phase !== 'settled') {
      return []
    }
    // A clock that was put back must not keep a day waiting.
    const isDue = day.dueMs <= nowMs || day.dueMs > nowMs + 2 * COLLECT_INTERVAL_MS
    return isDue ? beginDay(day, false) : keepFollowing(day, momentOf(day, event))
  })
}

/** The days in which letters may be: back to the last finished one, at most 15, and tomorrow's by clocks that are ahead. */
function openDays(state: CollectionState, nowMs: number): void {
  const today = dayOf(nowMs)
  const oldest = today - COLLECTED_DAYS_MAX + 1
  if (state.through !== undefined && state.through > today) {
    // A clock that was ahead called it finished.
    state.through = undefined
  }
  const { through } = state
  const from = through === undefined ? oldest : Math.max(oldest, Math.min(through + 1, today - 1))
  for (const day of state.days.keys()) {
    if (day < from || day > today + 1) {
      state.days.delete(day)
    }
  }
  const missing: number[] = []
  for (let day = from; day <= today + 1; day++) {
    if (!state.days.has(day)) {
      missing.push(day)
    }
  }
  for (const day of missing) {
    state.days.set(day, newDay(day))
  }
}

function newDay(day: number): CollectionDay {
  return {
    day,
    phase: 'settled',
    custodians: [],
    letters: new Map(),
    opening: 0,
    held: false,
    unacknowledged: [],
    incomplete: false,
    missed: new Set(),
    again: false,
    finished: false,
    failures: 0,
    dueMs: 0,
  }
}

function answered(
  state: CollectionState,
  event: Exclude<CollectionEvent, EventOf<'letter' | 'online' | 'due'>>,
): Effects {
  const day = state.days.get(event.day)
  if (day === undefined) {
    return []
  }
  const moment = momentOf(day, event)
  switch (event.type) {
    case 'custodians':
      return day.phase === 'looking-up' ? askCustodians(day, event.peers, moment) : []
    case 'lookup-failed':
      return day.phase === 'looking-up' ? failDay(day, moment) : []
    case 'collected':
    case 'silent': {
      const custodian = day.custodians.find(({ peerId }) => peerId === event.peerId)
      if (custodian !== undefined) {
        custodian.answer = event.type === 'silent' ? 'silent' : 'answered'
        custodian.following &&= event.type === 'collected'
      }
      return nextWave(day, moment)
    }
    case 'held':
      day.held ||= day.opening > 0
      return nextWave(day, moment)
    case 'stored':
    case 'not-stored':
      return [...settleLetter(day, event), ...nextWave(day, moment)]
  }
}

function settleLetter(day: CollectionDay, { type, letterId }: EventOf<'stored' | 'not-stored'>): Effects {
  if (day.letters.get(letterId) !== 'opening') {
    return []
  }
  day.opening--
  if (type === 'stored') {
    day.letters.set(letterId, 'stored')
    day.unacknowledged.push(letterId)
  } else {
    day.letters.delete(letterId)
    day.incomplete = true
  }
  return acknowledge(day)
}

function momentOf({ day }: CollectionDay, { nowMs, jitter }: Moment): DayMoment {
  return { nowMs, jitter, follows: isFollowedDay(day, nowMs), isOver: day <= dayOf(nowMs) - 2 }
}

/** Days are finished in their order only, so that one number tells it. */
function finish(state: CollectionState): Effects {
  const before = state.through
  for (const day of [...state.days.values()].sort((one, other) => one.day - other.day)) {
    if (!day.finished) {
      break
    }
    state.days.delete(day.day)
    state.through = Math.max(state.through ?? day.day, day.day)
  }
  return state.through === undefined || state.through === before ? [] : [{ type: 'finished', through: state.through }]
}

function nextDueMs(state: CollectionState, nowMs: number): number {
  const settled = [...state.days.values()].filter(({ phase, finished }) => phase === 'settled' && !finished)
  const midnightMs = (dayOf(nowMs) + 1) * DAY_MS
  const turns = [midnightMs - DAY_MS + FOLLOW_MARGIN_MS, midnightMs - FOLLOW_MARGIN_MS, midnightMs]
  return Math.min(...settled.map(({ dueMs }) => dueMs), ...turns.filter((turnMs) => turnMs > nowMs))
}
