import type { PeerIdText } from '../../system/network.ts'
import type { DepositRefusal } from './letter-limits.ts'

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
  readonly difficultyBits: number
  /** Lookups for this letter. */
  readonly lookups: number
  /** Rounds that failed one after the other. */
  readonly failures: number
  readonly toldStored: boolean
  readonly toldRefusal: DepositRefusal | undefined
  /** When to send `due`; Infinity: never. */
  readonly dueMs: number
}

/** `nowMs` is the wall clock; `jitter` is uniform in [0, 1). */
interface Moment {
  readonly nowMs: number
  readonly jitter: number
}

export type DepositEvent =
  /** `storedBefore`, `notBeforeMs`: what was known of it before a restart (0 and false if nothing). */
  | (Moment & {
      readonly type: 'start'
      readonly expiresMs: number
      readonly storedBefore: boolean
      readonly notBeforeMs: number
    })
  /** Answers to `seal`: ready (with the prekeys and, for contacts, the permit of that day), or the keys are not known. */
  | (Moment & { readonly type: 'sealed' })
  | (Moment & { readonly type: 'not-sealed' })
  /** Answers to `lookup`: the custodians (at most 10), nearest first, and the next ones in case some fail. */
  | (Moment & {
      readonly type: 'custodians'
      readonly peers: readonly PeerIdText[]
      readonly spares: readonly PeerIdText[]
    })
  | (Moment & { readonly type: 'lookup-failed' })
  /** Answers to `deposit`; exactly one to each. A receipt counts only after its signature was checked. */
  | (Moment & { readonly type: 'receipt'; readonly peerId: PeerIdText })
  | (Moment & {
      readonly type: 'refused'
      readonly peerId: PeerIdText
      /** `refused`: any other reason. */
      readonly reason: DepositRefusal | 'refused'
      readonly difficultyBits?: number
      readonly retryAfterMs?: number
    })
  | (Moment & { readonly type: 'unreachable'; readonly peerId: PeerIdText })
  | (Moment & { readonly type: 'due' })
  /** The network is back or another one: what waits for a retry is tried now. */
  | (Moment & { readonly type: 'network-changed' })
  /** The recipient has the message, or the sender took it back: no more is done. */
  | { readonly type: 'acknowledged' }

export type DepositEffect =
  /** Seal for the recipient's current prekeys and the mailbox of `day`; the last letter is replaced. */
  | { readonly type: 'seal'; readonly day: number }
  | { readonly type: 'lookup'; readonly day: number }
  /** Deposit the last sealed letter; for strangers with a proof of work of so many bits. */
  | { readonly type: 'deposit'; readonly peerId: PeerIdText; readonly difficultyBits: number }
  /** Enough custodians have it. Told once a message. */
  | { readonly type: 'stored'; readonly receipts: number; readonly of: number }
  /** The number changed after that. */
  | { readonly type: 'receipts'; readonly receipts: number; readonly of: number }
  /** Nobody takes it for now, mostly for this reason; it will be tried again. Told once a letter and reason. */
  | { readonly type: 'refused'; readonly reason: DepositRefusal }
  /** Given up. Told once; nothing follows. */
  | { readonly type: 'failed'; readonly reason: 'expired' | 'too-large' }

export const INITIAL_DEPOSIT_STATE: DepositState = {
  phase: 'new',
  expiresMs: 0,
  day: 0,
  sealedMs: 0,
  targets: [],
  spares: [],
  difficultyBits: 0,
  lookups: 0,
  failures: 0,
  toldStored: false,
  toldRefusal: undefined,
  dueMs: Number.POSITIVE_INFINITY,
}

/** One step of a message's deposits; no I/O. */
export function stepDeposit(
  _state: DepositState,
  _event: DepositEvent,
): readonly [DepositState, readonly DepositEffect[]] {
  throw new Error('TODO')
}
