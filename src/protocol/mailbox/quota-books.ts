import { assert } from '../../util/assert.ts'
import { DEPOSIT_RATES, type DepositRates, type DepositTimes, initialDepositTimes } from './deposit-rate.ts'
import { LETTER_OVERHEAD_BYTES } from './letter-limits.ts'

/** What a custodian counts of one mailbox. */
export interface MailboxUsage {
  bytes: number
  letters: number
  strangerBytes: number
  strangerLetters: number
  tombstones: number
  /** One entry a permit in use; a list, since most mailboxes know one or two. */
  permits: PermitUsage[]
}

export interface PermitUsage {
  readonly permit: string
  bytes: number
  letters: number
}

/** The books of one custodian, changed in place by `stepQuota`: counters only, so that a node may keep millions. */
export interface QuotaState {
  /** Bytes for letters of others; 0: none. */
  readonly nodeMaxBytes: number
  readonly rates: DepositRates
  /** By mailbox key, in text. */
  readonly mailboxes: Map<string, MailboxUsage>
  bytes: number
  letters: number
  strangerBytes: number
  tombstones: number
  readonly times: DepositTimes
}

/** A letter as the quota sees it. */
export interface CountedLetter {
  /** Mailbox key, in text. */
  readonly mailbox: string
  /** Length of the sealed letter. */
  readonly bytes: number
  /** The checked permit's id, in text; undefined: a stranger's. */
  readonly permit?: string | undefined
}

/** Empty books of a custodian that gives `nodeMaxBytes` to others. */
export function initialQuotaState(nodeMaxBytes: number, rates: DepositRates = DEPOSIT_RATES): QuotaState {
  assert(nodeMaxBytes >= 0, 'storage is not negative')
  return {
    nodeMaxBytes,
    rates,
    mailboxes: new Map(),
    bytes: 0,
    letters: 0,
    strangerBytes: 0,
    tombstones: 0,
    times: initialDepositTimes(),
  }
}

/** What a letter takes of a node's storage. */
export function costOf(letter: CountedLetter): number {
  return letter.bytes + LETTER_OVERHEAD_BYTES
}

function usageOf(state: QuotaState, mailbox: string): MailboxUsage {
  const known = state.mailboxes.get(mailbox)
  const usage = known ?? { bytes: 0, letters: 0, strangerBytes: 0, strangerLetters: 0, tombstones: 0, permits: [] }
  if (known === undefined) {
    state.mailboxes.set(mailbox, usage)
  }
  return usage
}

function forgetIfEmpty(state: QuotaState, mailbox: string, usage: MailboxUsage): void {
  if (usage.letters === 0 && usage.tombstones === 0) {
    state.mailboxes.delete(mailbox)
  }
}

/** Counts a letter in, or out. */
export function countLetter(state: QuotaState, letter: CountedLetter, sign: 1 | -1): void {
  const usage = usageOf(state, letter.mailbox)
  usage.bytes += sign * letter.bytes
  usage.letters += sign
  state.bytes += sign * costOf(letter)
  state.letters += sign
  if (letter.permit === undefined) {
    usage.strangerBytes += sign * letter.bytes
    usage.strangerLetters += sign
    state.strangerBytes += sign * costOf(letter)
  } else {
    countPermit(usage, letter.permit, sign * letter.bytes, sign)
  }
  assert(usage.letters >= 0 && usage.strangerLetters >= 0, 'only letters that were counted are removed')
  forgetIfEmpty(state, letter.mailbox, usage)
}

function countPermit(usage: MailboxUsage, permit: string, bytes: number, letters: 1 | -1): void {
  const known = usage.permits.find((entry) => entry.permit === permit)
  if (known === undefined) {
    assert(letters > 0, 'only letters that were counted are removed')
    usage.permits.push({ permit, bytes, letters })
    return
  }
  known.bytes += bytes
  known.letters += letters
  if (known.letters === 0) {
    usage.permits.splice(usage.permits.indexOf(known), 1)
  }
}

/** Counts tombstones in, or out. */
export function countTombstones(state: QuotaState, mailbox: string, tombstones: number): void {
  const usage = usageOf(state, mailbox)
  usage.tombstones += tombstones
  state.tombstones += tombstones
  assert(usage.tombstones >= 0, 'only tombstones that were counted expire')
  forgetIfEmpty(state, mailbox, usage)
}
