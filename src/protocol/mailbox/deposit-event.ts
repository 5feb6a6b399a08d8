import type { PeerIdText } from '../../system/network.ts'
import type { DepositRefusal } from './letter-limits.ts'

/** `nowMs` is the wall clock; `jitter` is uniform in [0, 1). */
export interface DepositMoment {
  readonly nowMs: number
  readonly jitter: number
}

export type DepositEvent =
  /** `storedBefore`, `notBeforeMs`: what was known of it before a restart (0 and false if nothing). */
  | (DepositMoment & {
      readonly type: 'start'
      readonly expiresMs: number
      readonly storedBefore: boolean
      readonly notBeforeMs: number
    })
  /** Answers to `seal`: ready (with the prekeys and, for contacts, the permit of that day), or the keys are not known. */
  | (DepositMoment & { readonly type: 'sealed' })
  | (DepositMoment & { readonly type: 'not-sealed' })
  /** Answers to `lookup`: the custodians (at most 10), nearest first, and the next ones in case some fail. */
  | (DepositMoment & {
      readonly type: 'custodians'
      readonly peers: readonly PeerIdText[]
      readonly spares: readonly PeerIdText[]
    })
  | (DepositMoment & { readonly type: 'lookup-failed' })
  /**
   * Answers to `deposit`; one to each, none for a letter that `seal` has replaced since. A receipt counts only after its
   * signature was checked.
   */
  | (DepositMoment & { readonly type: 'receipt'; readonly peerId: PeerIdText })
  | (DepositMoment & {
      readonly type: 'refused'
      readonly peerId: PeerIdText
      /** `refused`: any other reason. */
      readonly reason: DepositRefusal | 'refused'
      readonly difficultyBits?: number
      readonly retryAfterMs?: number
    })
  | (DepositMoment & { readonly type: 'unreachable'; readonly peerId: PeerIdText })
  | (DepositMoment & { readonly type: 'due' })
  /** The network is back or another one: what waits for a retry is tried now. */
  | (DepositMoment & { readonly type: 'network-changed' })
  /** The recipient has the message, or the sender took it back: no more is done. */
  | { readonly type: 'acknowledged' }

export type DepositEffect =
  /** Seal for the recipient's current prekeys and the mailbox of `day`; the last letter is replaced. */
  | { readonly type: 'seal'; readonly day: number }
  | { readonly type: 'lookup'; readonly day: number }
  /** Deposit the last sealed letter; without a permit with a proof of at least so many bits (and PROOF_MIN_BITS). */
  | { readonly type: 'deposit'; readonly peerId: PeerIdText; readonly difficultyBits: number }
  /** Enough custodians have it. Told once a message. */
  | { readonly type: 'stored'; readonly receipts: number; readonly of: number }
  /** The number changed after that. */
  | { readonly type: 'receipts'; readonly receipts: number; readonly of: number }
  /** Nobody takes it for now, mostly for this reason; it will be tried again. Told once a letter and reason. */
  | { readonly type: 'refused'; readonly reason: DepositRefusal }
  /** Given up. Told once; nothing follows. */
  | { readonly type: 'failed'; readonly reason: 'expired' | 'too-large' }
