import type { PeerIdText } from '../../system/network.ts'
import type { DepositEffect, DepositEvent, DepositMoment } from './deposit-event.ts'
import {
  CUSTODIANS_PER_PLACE,
  DEPOSIT_ATTEMPTS_MAX,
  DEPOSIT_RETRY_MAX_MS,
  DEPOSIT_RETRY_MIN_MS,
  DEPOSIT_TARGETS_MAX,
  type DepositRefusal,
  dayOf,
  GONE_MIN_LOOKUPS,
  PROOF_MAX_BITS,
  RATE_LIMITED_MAX_MS,
  RATE_LIMITED_MIN_MS,
  REDEPOSIT_INTERVAL_MS,
  retryDelayMs,
  STORED_MIN_RECEIPTS,
} from './letter-limits.ts'

/** How the deposit of a letter at one custodian stands. */
export interface DepositTarget {
  readonly peerId: PeerIdText
  readonly outcome:
    | 'asked'
    | 'receipt'
    /** Will be asked again at `dueMs`. */
    | 'backing-off'
    | 'mailbox-full'
    | 'too-large'
    | 'no-storage'
    /** For a reason that asking this custodian again does not remove. */
    | 'refused'
    | 'unreachable'
  /** How often it was asked. */
  readonly attempts: number
  /** Of the proof of work it asked for; 0: none so far. */
  readonly difficultyBits: number
  /** While `backing-off`. */
  readonly dueMs: number
}

/** The sender's side of one message that goes by letter: sealed again every 22 hours, deposited until acknowledged. */
export interface DepositState {
  readonly phase: 'new' | 'sealing' | 'looking-up' | 'depositing' | 'resting' | 'ended'
  /** When the message is given up. */
  readonly expiresMs: number
  /** The day whose mailbox the letter is for. */
  readonly day: number
  readonly sealedMs: number
  readonly targets: readonly DepositTarget[]
  /** The next closest custodians, for targets that fail. */
  readonly spares: readonly PeerIdText[]
  /** Lookups for this letter. */
  readonly lookups: number
  /** Rounds that failed one after the other. */
  readonly failures: number
  readonly toldStored: boolean
  readonly toldRefusal: DepositRefusal | undefined
  /** When to send `due`; Infinity: never. */
  readonly dueMs: number
}

export const INITIAL_DEPOSIT_STATE: DepositState = {
  phase: 'new',
  expiresMs: 0,
  day: 0,
  sealedMs: 0,
  targets: [],
  spares: [],
  lookups: 0,
  failures: 0,
  toldStored: false,
  toldRefusal: undefined,
  dueMs: Number.POSITIVE_INFINITY,
}

type EventOf<Type extends DepositEvent['type']> = Extract<DepositEvent, { readonly type: Type }>
type Step = readonly [DepositState, readonly DepositEffect[]]

/** A clock put back by more than this makes a deposit due at once, since nothing else tells how old it is. */
const CLOCK_BACK_MS = REDEPOSIT_INTERVAL_MS

/** One step of a message's deposits; no I/O. */
export function stepDeposit(state: DepositState, event: DepositEvent): Step {
  if (state.phase === 'ended') {
    return [state, []]
  }
  if (state.phase !== 'new' && event.type !== 'acknowledged' && event.nowMs >= state.expiresMs) {
    return [end(state), [{ type: 'failed', reason: 'expired' }]]
  }
  switch (event.type) {
    case 'start':
      return start(state, event)
    case 'acknowledged':
      return [end(state), []]
    case 'sealed':
      return state.phase === 'sealing' ? lookUp(state) : [state, []]
    case 'not-sealed':
      return state.phase === 'sealing' ? [fail(state, event), []] : [state, []]
    case 'custodians':
      return state.phase === 'looking-up' ? ask(state, event) : [state, []]
    case 'lookup-failed':
      return state.phase === 'looking-up' ? [fail(state, event), []] : [state, []]
    case 'receipt':
      return receipt(state, event)
    case 'refused':
      return refused(state, event)
    case 'unreachable':
      return replace(state, event, 'unreachable')
    case 'due':
      return due(state, event)
    case 'network-changed':
      return state.phase === 'resting' && !isSatisfied(state) ? again({ ...state, failures: 0 }, event) : [state, []]
  }
}

/** Receipts of the present letter, and the number of custodians they are out of. */
export function receiptsOf({ targets, lookups }: DepositState): { readonly receipts: number; readonly of: number } {
  const receipts = targets.filter(({ outcome }) => outcome === 'receipt').length
  const existing = targets.filter(({ outcome }) => !isGone(outcome, lookups)).length
  return { receipts, of: Math.max(receipts, Math.min(CUSTODIANS_PER_PLACE, existing)) }
}

/** In a small network one that cannot be reached, asked again, is none; in a large one others take its place. */
function isGone(outcome: DepositTarget['outcome'], lookups: number): boolean {
  return outcome === 'no-storage' || (outcome === 'unreachable' && lookups >= GONE_MIN_LOOKUPS)
}

function isStored(state: DepositState): boolean {
  const { receipts, of } = receiptsOf(state)
  return receipts >= Math.max(1, Math.min(STORED_MIN_RECEIPTS, of))
}

/** Whether nothing is to be done before the next deposit; after a restart the targets are not known any more. */
function isSatisfied(state: DepositState): boolean {
  return state.targets.length === 0 ? state.toldStored && state.failures === 0 : isStored(state)
}

function start(state: DepositState, { expiresMs, storedBefore, notBeforeMs, nowMs }: EventOf<'start'>): Step {
  if (state.phase !== 'new') {
    return [state, []]
  }
  if (nowMs >= expiresMs) {
    return [end(state), [{ type: 'failed', reason: 'expired' }]]
  }
  const started = { ...state, expiresMs, toldStored: storedBefore }
  const waits = notBeforeMs > nowMs && notBeforeMs <= nowMs + REDEPOSIT_INTERVAL_MS
  return waits ? [{ ...started, phase: 'resting', dueMs: Math.min(expiresMs, notBeforeMs) }, []] : seal(started, nowMs)
}

function seal(state: DepositState, nowMs: number): Step {
  const day = dayOf(nowMs)
  const letter = { day, sealedMs: nowMs, targets: [], spares: [], lookups: 0, toldRefusal: undefined }
  return [{ ...state, ...letter, phase: 'sealing', dueMs: state.expiresMs }, [{ type: 'seal', day }]]
}

function lookUp(state: DepositState): Step {
  const next: DepositState = { ...state, phase: 'looking-up', lookups: state.lookups + 1, dueMs: state.expiresMs }
  return [next, [{ type: 'lookup', day: state.day }]]
}

/** Whoever gave a receipt in an earlier round has the letter; all others are asked. */
function ask(state: DepositState, event: EventOf<'custodians'>): Step {
  const having = state.targets.filter(({ outcome }) => outcome === 'receipt').slice(0, CUSTODIANS_PER_PLACE)
  const isNew = (peerId: PeerIdText): boolean => having.every((target) => target.peerId !== peerId)
  const asked = [...new Set(event.peers)].slice(0, CUSTODIANS_PER_PLACE).filter(isNew).map(newTarget)
  const spares = event.spares.filter((peerId) => isNew(peerId) && !event.peers.includes(peerId))
  const next: DepositState = { ...state, phase: 'depositing', targets: [...having, ...asked], spares }
  return settle(next, event, asked.map(depositAt))
}

function newTarget(peerId: PeerIdText): DepositTarget {
  return { peerId, outcome: 'asked', attempts: 1, difficultyBits: 0, dueMs: 0 }
}

function depositAt({ peerId, difficultyBits }: DepositTarget): DepositEffect {
  return { type: 'deposit', peerId, difficultyBits }
}

function receipt(state: DepositState, event: EventOf<'receipt'>): Step {
  const target = findTarget(state, event.peerId)
  if (target === undefined || target.outcome === 'receipt') {
    return [state, []]
  }
  const next = withTarget(state, { ...target, outcome: 'receipt' })
  return settle(next, event, state.toldStored ? [{ type: 'receipts', ...receiptsOf(next) }] : [])
}

function refused(state: DepositState, event: EventOf<'refused'>): Step {
  const target = findTarget(state, event.peerId)
  if (target?.outcome !== 'asked') {
    return [state, []]
  }
  const { reason, difficultyBits = 0 } = event
  if (reason === 'no-storage' || reason === 'refused') {
    return replace(state, event, reason)
  }
  if (reason === 'mailbox-full' || reason === 'too-large') {
    return settle(withTarget(state, { ...target, outcome: reason }), event, [])
  }
  if (target.attempts >= DEPOSIT_ATTEMPTS_MAX) {
    return replace(state, event, 'refused')
  }
  if (reason === 'rate-limited') {
    const dueMs = event.nowMs + rateLimitedDelayMs(target, event)
    return settle(withTarget(state, { ...target, outcome: 'backing-off', dueMs }), event, [])
  }
  if (difficultyBits <= target.difficultyBits || difficultyBits > PROOF_MAX_BITS) {
    return replace(state, event, 'refused')
  }
  const proved = { ...target, attempts: target.attempts + 1, difficultyBits }
  return settle(withTarget(state, proved), event, [depositAt(proved)])
}

function rateLimitedDelayMs(target: DepositTarget, { retryAfterMs = 0, jitter }: EventOf<'refused'>): number {
  const ownMs = retryDelayMs(target.attempts, jitter, RATE_LIMITED_MIN_MS, RATE_LIMITED_MAX_MS)
  return Math.min(RATE_LIMITED_MAX_MS, Math.max(ownMs, retryAfterMs))
}

/** The next closest custodian takes the place of one that failed. */
function replace(
  state: DepositState,
  event: EventOf<'refused' | 'unreachable'>,
  outcome: 'no-storage' | 'refused' | 'unreachable',
): Step {
  const target = findTarget(state, event.peerId)
  if (target?.outcome !== 'asked') {
    return [state, []]
  }
  const next = withTarget(state, { ...target, outcome })
  const [spare, ...spares] = state.spares
  if (spare === undefined || next.targets.length >= DEPOSIT_TARGETS_MAX) {
    return settle(next, event, [])
  }
  const added = newTarget(spare)
  return settle({ ...next, targets: [...next.targets, added], spares }, event, [depositAt(added)])
}

function due(state: DepositState, event: EventOf<'due'>): Step {
  const { nowMs } = event
  const isOld = nowMs >= state.sealedMs + REDEPOSIT_INTERVAL_MS || nowMs < state.sealedMs - CLOCK_BACK_MS
  if (state.phase === 'resting') {
    return nowMs >= state.dueMs || isOld ? again(state, event) : [state, []]
  }
  if (state.phase !== 'depositing') {
    return [state, []]
  }
  if (isOld) {
    return seal(state, nowMs)
  }
  const isReady = (target: DepositTarget): boolean => target.outcome === 'backing-off' && target.dueMs <= nowMs
  const ready = state.targets.filter(isReady)
  const targets = state.targets.map((target) =>
    isReady(target) ? { ...target, outcome: 'asked' as const, attempts: target.attempts + 1 } : target,
  )
  return settle({ ...state, targets }, event, ready.map(depositAt))
}

/** The same letter while it is for today's mailbox, else a new one. */
function again(state: DepositState, { nowMs }: DepositMoment): Step {
  const isCurrent = state.lookups > 0 && state.day === dayOf(nowMs) && !isSatisfied(state)
  return isCurrent ? lookUp(state) : seal(state, nowMs)
}

function settle(state: DepositState, moment: DepositMoment, effects: readonly DepositEffect[]): Step {
  const stored = isStored(state)
  const tells: DepositEffect[] = stored && !state.toldStored ? [{ type: 'stored', ...receiptsOf(state) }] : []
  const told = { ...state, toldStored: state.toldStored || stored }
  if (state.targets.some(({ outcome }) => outcome === 'asked' || outcome === 'backing-off')) {
    return [{ ...told, dueMs: dueWhileDepositing(state) }, [...effects, ...tells]]
  }
  if (stored) {
    const dueMs = Math.min(state.expiresMs, state.sealedMs + REDEPOSIT_INTERVAL_MS)
    return [{ ...told, phase: 'resting', failures: 0, dueMs }, [...effects, ...tells]]
  }
  return giveUpRound(told, moment, [...effects, ...tells])
}

function giveUpRound(state: DepositState, moment: DepositMoment, effects: readonly DepositEffect[]): Step {
  const outcomes = state.targets.map(({ outcome }) => outcome)
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome === 'too-large')) {
    return [end(state), [...effects, { type: 'failed', reason: 'too-large' }]]
  }
  const reason = REPORTED.find((refusal) => outcomes.includes(refusal))
  const isNew = reason !== undefined && !outcomes.includes('receipt') && reason !== state.toldRefusal
  const next = fail(isNew ? { ...state, toldRefusal: reason } : state, moment)
  return [next, isNew ? [...effects, { type: 'refused', reason }] : effects]
}

/** What is told when several reasons were given: the one that says most first. */
const REPORTED = ['mailbox-full', 'too-large', 'no-storage'] as const

function fail(state: DepositState, { nowMs, jitter }: DepositMoment): DepositState {
  const delayMs = retryDelayMs(state.failures, jitter, DEPOSIT_RETRY_MIN_MS, DEPOSIT_RETRY_MAX_MS)
  return {
    ...state,
    phase: 'resting',
    failures: state.failures + 1,
    dueMs: Math.min(state.expiresMs, nowMs + delayMs),
  }
}

function dueWhileDepositing(state: DepositState): number {
  const waiting = state.targets.filter(({ outcome }) => outcome === 'backing-off').map(({ dueMs }) => dueMs)
  return Math.min(state.expiresMs, state.sealedMs + REDEPOSIT_INTERVAL_MS, ...waiting)
}

function end(state: DepositState): DepositState {
  return { ...state, phase: 'ended', targets: [], spares: [], dueMs: Number.POSITIVE_INFINITY }
}

function findTarget(state: DepositState, peerId: PeerIdText): DepositTarget | undefined {
  return state.targets.find((target) => target.peerId === peerId)
}

function withTarget(state: DepositState, target: DepositTarget): DepositState {
  return { ...state, targets: state.targets.map((other) => (other.peerId === target.peerId ? target : other)) }
}
