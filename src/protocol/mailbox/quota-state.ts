import { assert } from '../../util/assert.ts'
import type { BoundedMap } from '../../util/bounded-map.ts'
import type { DepositRefusal } from './letter-limits.ts'

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
  /** By mailbox key, in text. */
  readonly mailboxes: Map<string, MailboxUsage>
  bytes: number
  letters: number
  strangerBytes: number
  tombstones: number
  /** When each bucket is full again (GCRA), in milliseconds. */
  readonly peers: BoundedMap<string, number>
  readonly networks: BoundedMap<string, number>
  readonly shares: BoundedMap<string, number>
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
   * Delete until `bytes` and `letters` are gone: first what has expired, then strangers' letters, the oldest first, of
   * `mailbox` only where it is set, and only those stored before `storedBeforeMs`; send `removed` for each, then ask
   * again with `madeRoom`, whether or not it sufficed.
   */
  | {
      readonly type: 'make-room'
      readonly mailbox?: string
      readonly bytes: number
      readonly letters: number
      readonly storedBeforeMs: number
    }

/** Empty books of a custodian that gives `nodeMaxBytes` to others. */
export function initialQuotaState(nodeMaxBytes: number): QuotaState {
  assert(nodeMaxBytes >= 0, 'storage is not negative')
  throw new Error('TODO')
}

/** One step; changes `state` in place. Only `deposit` has an effect. */
export function stepQuota(_state: QuotaState, _event: QuotaEvent): QuotaEffect | undefined {
  throw new Error('TODO')
}
