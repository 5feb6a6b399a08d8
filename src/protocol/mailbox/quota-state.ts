import { takeDeposit, takeStorage } from './deposit-rate.ts'
import {
  type DepositRefusal,
  LETTER_MAX_BYTES,
  MAILBOX_MAX_BYTES,
  MAILBOX_MAX_ENTRIES,
  MAILBOX_MAX_LETTERS,
  PERMIT_SHARE,
  PROOF_MAX_BITS,
  PROOF_MIN_BITS,
  STRANGER_KEPT_MIN_MS,
  STRANGER_SHARE,
} from './letter-limits.ts'
import {
  type CountedLetter,
  costOf,
  countLetter,
  countTombstones,
  type MailboxUsage,
  type QuotaState,
} from './quota-books.ts'

export type QuotaEvent =
  /**
   * May this letter be taken? Answered by exactly one effect. `accept` counts it at once, so that letters under way to
   * the disk are not overlooked; send `removed` if it was not written after all. Not to be sent for a letter that is
   * there already. `replica`: it comes from another custodian (no rate limit, the proof's floor only).
   */
  | (CountedLetter & {
      readonly type: 'deposit'
      readonly from: string
      /** Where it comes from (`networksOf`); undefined: a private network. */
      readonly network: string | undefined
      readonly replica: boolean
      /** Leading zero bits of the stranger's checked proof of work; 0: none. */
      readonly proofBits: number
      /** The driver has obeyed `make-room` for this letter: now it is accepted or refused. */
      readonly madeRoom: boolean
      readonly nowMs: number
    })
  /** It is on disk from before: for the rows at start. */
  | (CountedLetter & { readonly type: 'kept' })
  /** It expired, gave way, moved on, or was not written. */
  | (CountedLetter & { readonly type: 'removed' })
  /** The recipient has it: a tombstone takes its place. */
  | (CountedLetter & { readonly type: 'acknowledged' })
  /** Tombstones of a mailbox appeared (rows at start, from another custodian) or, negative, expired. */
  | { readonly type: 'tombstones'; readonly mailbox: string; readonly count: number }

export type QuotaEffect =
  | { readonly type: 'accept' }
  | {
      readonly type: 'refuse'
      readonly reason: DepositRefusal
      /** With `proof-of-work-required`. */
      readonly difficultyBits?: number
      /** With `rate-limited`. */
      readonly retryAfterMs?: number
    }
  /**
   * Delete until `bytes` (each letter with LETTER_OVERHEAD_BYTES) and `letters` are gone: first what has expired, then
   * strangers' letters stored before `storedBeforeMs`, the oldest first. Of `mailbox` only, where it is set; not even
   * expired ones of contacts, where `strangersOnly`, since that is the share without room. Send `removed` for each, then
   * ask again with `madeRoom`, whether or not it sufficed.
   */
  | {
      readonly type: 'make-room'
      readonly mailbox?: string
      readonly bytes: number
      readonly letters: number
      readonly strangersOnly: boolean
      readonly storedBeforeMs: number
    }

type Deposit = Extract<QuotaEvent, { readonly type: 'deposit' }>
type MakeRoom = Extract<QuotaEffect, { readonly type: 'make-room' }>

const STRANGERS_MAX_BYTES = MAILBOX_MAX_BYTES * STRANGER_SHARE
const STRANGERS_MAX_LETTERS = MAILBOX_MAX_LETTERS * STRANGER_SHARE
const PERMIT_MAX_BYTES = MAILBOX_MAX_BYTES * PERMIT_SHARE
const PERMIT_MAX_LETTERS = MAILBOX_MAX_LETTERS * PERMIT_SHARE
const ACCEPT: QuotaEffect = { type: 'accept' }

/** One step; changes `state` in place. Only `deposit` has an effect. */
export function stepQuota(state: QuotaState, event: QuotaEvent): QuotaEffect | undefined {
  switch (event.type) {
    case 'deposit':
      return deposit(state, event)
    case 'kept':
      countLetter(state, event, 1)
      return undefined
    case 'removed':
      countLetter(state, event, -1)
      return undefined
    case 'acknowledged':
      countTombstones(state, event.mailbox, 1)
      countLetter(state, event, -1)
      return undefined
    case 'tombstones':
      countTombstones(state, event.mailbox, event.count)
      return undefined
  }
}

/** Leading zero bits asked of a stranger's letter to `mailbox` now: the fuller strangers' share is, the more. */
export function proofDifficultyBits(state: QuotaState, mailbox: string): number {
  const usage = state.mailboxes.get(mailbox)
  const ofMailbox =
    usage === undefined
      ? 0
      : Math.max(usage.strangerBytes / STRANGERS_MAX_BYTES, usage.strangerLetters / STRANGERS_MAX_LETTERS)
  const ofNode = state.strangerBytes / (state.nodeMaxBytes * STRANGER_SHARE)
  const steps = PROOF_MAX_BITS - PROOF_MIN_BITS + 1
  return Math.min(PROOF_MAX_BITS, PROOF_MIN_BITS + Math.floor(Math.max(ofMailbox, ofNode) * steps))
}

function deposit(state: QuotaState, letter: Deposit): QuotaEffect {
  if (letter.bytes > LETTER_MAX_BYTES) {
    return refuse('too-large')
  }
  if (state.nodeMaxBytes === 0) {
    return refuse('no-storage')
  }
  if (!letter.replica && !letter.madeRoom) {
    const retryAfterMs = takeDeposit(state.times, state.rates, letter)
    if (retryAfterMs > 0) {
      return { type: 'refuse', reason: 'rate-limited', retryAfterMs }
    }
  }
  if (letter.permit === undefined) {
    const difficultyBits = letter.replica ? PROOF_MIN_BITS : proofDifficultyBits(state, letter.mailbox)
    // Making room changes how full it is, never to the disadvantage of the letter that asked for it.
    if (letter.proofBits < difficultyBits && !letter.madeRoom) {
      return { type: 'refuse', reason: 'proof-of-work-required', difficultyBits }
    }
  }
  const want = roomInMailbox(state.mailboxes.get(letter.mailbox), letter) ?? roomInNode(state, letter)
  if (want !== undefined) {
    return want
  }
  if (!takeStorage(state.times, state.nodeMaxBytes, { ...letter, bytes: costOf(letter) })) {
    return refuse('no-storage')
  }
  countLetter(state, letter, 1)
  return ACCEPT
}

/** Undefined: there is room. */
function roomInMailbox(usage: MailboxUsage | undefined, letter: Deposit): QuotaEffect | undefined {
  if (usage === undefined) {
    return undefined
  }
  const strangers = letter.permit === undefined
  const own = strangers
    ? { bytes: usage.strangerBytes, letters: usage.strangerLetters }
    : usage.permits.find(({ permit }) => permit === letter.permit)
  const maxBytes = strangers ? STRANGERS_MAX_BYTES : PERMIT_MAX_BYTES
  const maxLetters = strangers ? STRANGERS_MAX_LETTERS : PERMIT_MAX_LETTERS
  const shareFull = own !== undefined && (own.bytes + letter.bytes > maxBytes || own.letters + 1 > maxLetters)
  const bytes = usage.bytes + letter.bytes - MAILBOX_MAX_BYTES
  const letters = usage.letters + 1 - MAILBOX_MAX_LETTERS
  if (shareFull || usage.letters + usage.tombstones + 1 > MAILBOX_MAX_ENTRIES) {
    return refuse('mailbox-full')
  }
  if (bytes <= 0 && letters <= 0) {
    return undefined
  }
  if (strangers || letter.madeRoom || usage.strangerBytes < bytes || usage.strangerLetters < letters) {
    return refuse('mailbox-full')
  }
  const { mailbox } = letter
  return makeRoom({ mailbox, bytes, letters, strangersOnly: true, storedBeforeMs: Number.POSITIVE_INFINITY })
}

/** Undefined: there is room. */
function roomInNode(state: QuotaState, letter: Deposit): QuotaEffect | undefined {
  const strangers = letter.permit === undefined
  const bytes = state.bytes + costOf(letter) - state.nodeMaxBytes
  const ofShare = strangers ? state.strangerBytes + costOf(letter) - state.nodeMaxBytes * STRANGER_SHARE : 0
  if (bytes <= 0 && ofShare <= 0) {
    return undefined
  }
  if (letter.madeRoom) {
    return refuse('no-storage')
  }
  const storedBeforeMs = strangers ? letter.nowMs - STRANGER_KEPT_MIN_MS : Number.POSITIVE_INFINITY
  return makeRoom({ bytes: Math.max(bytes, ofShare), letters: 0, strangersOnly: ofShare > 0, storedBeforeMs })
}

function makeRoom(room: Omit<MakeRoom, 'type'>): MakeRoom {
  return { type: 'make-room', ...room, bytes: Math.max(0, room.bytes), letters: Math.max(0, room.letters) }
}

function refuse(reason: DepositRefusal): QuotaEffect {
  return { type: 'refuse', reason }
}
