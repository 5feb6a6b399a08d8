import type { PeerIdText } from '../../system/network.ts'
import type { CollectionEffect } from './collection-effect.ts'
import {
  ACKNOWLEDGED_BATCH,
  COLLECT_FIRST,
  COLLECT_INTERVAL_MS,
  COLLECT_RETRY_MAX_MS,
  COLLECT_RETRY_MIN_MS,
  COLLECTED_LETTERS_MAX,
  COLLECTED_MIN,
  CUSTODIANS_PER_PLACE,
  FOLLOWED_MIN,
  retryDelayMs,
} from './letter-limits.ts'

/** A custodian of one day's mailbox as the recipient sees it. */
export interface CollectedCustodian {
  readonly peerId: PeerIdText
  /** What came of asking it in this round. */
  answer: 'unasked' | 'asked' | 'answered' | 'silent'
  /** It passes letters on as they come. */
  following: boolean
}

/** The collection of one day's mailbox, in rounds: look its custodians up, ask three, acknowledge, ask the rest. */
export interface CollectionDay {
  readonly day: number
  phase: 'looking-up' | 'first' | 'rest' | 'settled'
  custodians: CollectedCustodian[]
  /** Letters heard of, by id in text: with the driver, or on disk. */
  readonly letters: Map<string, 'opening' | 'stored'>
  opening: number
  /** Some of these wait for others that did not come: the rest of the custodians is asked before they are stored. */
  held: boolean
  /** On disk, and no custodian knows yet. */
  unacknowledged: string[]
  /** A letter was not stored or not looked at in this round, so the day is not finished. */
  incomplete: boolean
  /** Letters of this round that those who are followed have not passed on. */
  readonly missed: Set<string>
  /** The network changed during this round: another one follows at once. */
  again: boolean
  /** The day is over, and enough custodians have nothing more. */
  finished: boolean
  /** Rounds that failed one after the other. */
  failures: number
  /** When the next round is due; meaningful while `settled`. */
  dueMs: number
}

/** What a day's next step depends on beside its state. */
export interface DayMoment {
  readonly nowMs: number
  readonly jitter: number
  /** Letters are awaited as they come. */
  readonly follows: boolean
  /** Nobody deposits there any more, not even by a clock a day late. */
  readonly isOver: boolean
}

type Effects = readonly CollectionEffect[]

/** Starts a round, or notes that one is to follow. `anew`: what failed before does not count. */
export function beginDay(day: CollectionDay, anew: boolean): Effects {
  day.failures = anew ? 0 : day.failures
  if (day.phase !== 'settled') {
    day.again ||= anew && day.phase !== 'looking-up'
    return []
  }
  // What came and was not stored comes only to those who ask again.
  const followed = day.incomplete ? day.custodians.filter(({ following }) => following) : []
  day.phase = 'looking-up'
  day.again = false
  day.incomplete = false
  day.held = false
  day.missed.clear()
  if (day.letters.size > COLLECTED_LETTERS_MAX / 2) {
    forgetStored(day)
  }
  return [...followed.map((custodian) => unfollow(day, custodian)), { type: 'lookup', day: day.day }]
}

/** The first wave. Who is followed has sent everything and need not be asked. */
export function askCustodians(day: CollectionDay, peers: readonly PeerIdText[], moment: DayMoment): Effects {
  if (peers.length === 0) {
    return failDay(day, moment)
  }
  const known = day.custodians.filter(({ following }) => following)
  const left = known.filter(({ peerId }) => !peers.includes(peerId))
  day.custodians = [...new Set(peers)].slice(0, CUSTODIANS_PER_PLACE).map((peerId) => {
    return known.find((custodian) => custodian.peerId === peerId) ?? { peerId, answer: 'unasked', following: false }
  })
  day.phase = 'first'
  const wave = day.custodians.filter(({ answer }) => answer === 'unasked')
  const size = Math.max(0, COLLECT_FIRST - (day.custodians.length - wave.length))
  return [
    ...left.map((custodian) => unfollow(day, custodian)),
    ...collect(day, wave.slice(0, size), moment),
    ...nextWave(day, moment),
  ]
}

/** No custodian is known. */
export function failDay(day: CollectionDay, moment: DayMoment): Effects {
  day.phase = 'settled'
  retryLater(day, moment)
  return day.again ? beginDay(day, true) : []
}

/** A letter came. Opened once; a custodian that still has what is on disk is told so. */
export function takeLetter(
  day: CollectionDay,
  { peerId, letterId }: { readonly peerId: PeerIdText; readonly letterId: string },
): Effects {
  const custodian = day.custodians.find((other) => other.peerId === peerId)
  const status = day.letters.get(letterId)
  if (custodian?.following) {
    day.missed.delete(letterId)
  }
  if (custodian === undefined || status === 'opening' || day.unacknowledged.includes(letterId)) {
    return []
  }
  if (status === 'stored') {
    return [{ type: 'acknowledge', day: day.day, peerId, letterIds: [letterId] }]
  }
  if (day.letters.size >= COLLECTED_LETTERS_MAX) {
    day.incomplete = true
    return []
  }
  const followed = day.custodians.filter(({ following }) => following)
  if (!custodian.following && followed.length > 0 && followed.every(({ answer }) => answer === 'answered')) {
    day.missed.add(letterId)
  }
  day.letters.set(letterId, 'opening')
  day.opening++
  return [{ type: 'open', day: day.day, peerId, letterId }]
}

/** Tells every custodian that may be there, when nothing is being opened or a batch is full. */
export function acknowledge(day: CollectionDay): Effects {
  if (day.unacknowledged.length === 0 || (day.opening > 0 && day.unacknowledged.length < ACKNOWLEDGED_BATCH)) {
    return []
  }
  const letterIds = day.unacknowledged
  day.unacknowledged = []
  return day.custodians
    .filter(({ answer }) => answer !== 'silent')
    .map(({ peerId }) => ({ type: 'acknowledge', day: day.day, peerId, letterIds }))
}

/** Goes on when everybody asked has answered and everything that came is stored and acknowledged. */
export function nextWave(day: CollectionDay, moment: DayMoment): Effects {
  if (day.phase === 'looking-up' || day.custodians.some(({ answer }) => answer === 'asked')) {
    return []
  }
  const rest = day.custodians.filter(({ answer }) => answer === 'unasked')
  if (day.phase === 'first' && rest.length > 0 && (day.opening === 0 || day.held)) {
    day.phase = 'rest'
    return collect(day, rest, moment)
  }
  if (day.opening > 0) {
    return []
  }
  return day.phase === 'settled' ? keepFollowing(day, moment) : settle(day, moment)
}

/** Follows as many custodians as are wanted, others in place of those that fell silent, and none when the day is past. */
export function keepFollowing(day: CollectionDay, moment: DayMoment): Effects {
  const followed = day.custodians.filter(({ following }) => following)
  if (!moment.follows) {
    return followed.map((custodian) => unfollow(day, custodian))
  }
  const missing = FOLLOWED_MIN - followed.length
  const chosen = day.custodians
    .filter(({ answer, following }) => answer === 'answered' && !following)
    .slice(0, Math.max(0, missing))
  const lost = chosen.length < missing && day.custodians.some(({ answer }) => answer === 'silent')
  if (lost || day.incomplete) {
    hasten(day, moment)
  }
  return collect(day, chosen, moment)
}

function settle(day: CollectionDay, moment: DayMoment): Effects {
  const answers = day.custodians.filter(({ answer }) => answer === 'answered').length
  day.phase = 'settled'
  if (day.incomplete || answers < Math.min(COLLECTED_MIN, day.custodians.length)) {
    retryLater(day, moment)
  } else {
    // While some are silent it is tried again soon, but ever more rarely: in a small network they may be all there are.
    day.failures = answers === day.custodians.length ? 0 : day.failures
    day.finished = moment.isOver && !day.again
    day.dueMs = moment.nowMs + Math.round(COLLECT_INTERVAL_MS * (0.75 + 0.5 * moment.jitter))
  }
  const effects = [...replaceWithholding(day), ...keepFollowing(day, moment)]
  return day.again ? [...effects, ...beginDay(day, true)] : effects
}

/** Those that were followed lacked letters which others had: whether they withhold or were passed over, others are better. */
function replaceWithholding(day: CollectionDay): Effects {
  const letters = day.missed.size
  if (letters === 0) {
    return []
  }
  const followed = day.custodians.filter(({ following }) => following)
  day.custodians = [...day.custodians.filter(({ following }) => !following), ...followed]
  return followed.flatMap((custodian) => [
    { type: 'withheld', day: day.day, peerId: custodian.peerId, letters },
    unfollow(day, custodian),
  ])
}

function collect(day: CollectionDay, chosen: readonly CollectedCustodian[], { follows }: DayMoment): Effects {
  return chosen.map((custodian) => {
    const followed = day.custodians.filter(({ following }) => following).length
    custodian.answer = 'asked'
    custodian.following = follows && followed < FOLLOWED_MIN
    return { type: 'collect', day: day.day, peerId: custodian.peerId, follow: custodian.following }
  })
}

function unfollow(day: CollectionDay, custodian: CollectedCustodian): CollectionEffect {
  custodian.following = false
  return { type: 'unfollow', day: day.day, peerId: custodian.peerId }
}

function retryLater(day: CollectionDay, { nowMs, jitter }: DayMoment): void {
  day.dueMs = nowMs + retryDelayMs(day.failures, jitter, COLLECT_RETRY_MIN_MS, COLLECT_RETRY_MAX_MS)
  day.failures++
}

/** A round that is far off comes soon. */
function hasten(day: CollectionDay, moment: DayMoment): void {
  if (day.dueMs > moment.nowMs + COLLECT_RETRY_MAX_MS / 2) {
    retryLater(day, moment)
  }
}

function forgetStored(day: CollectionDay): void {
  for (const [letterId, status] of day.letters) {
    if (status === 'stored' && !day.unacknowledged.includes(letterId)) {
      day.letters.delete(letterId)
    }
  }
}
