import type { PeerIdText } from '../../system/network.ts'

/** A custodian of one day's mailbox as the recipient sees it. */
export interface CollectedCustodian {
  readonly peerId: PeerIdText
  /** What came of asking it in this round. */
  answer: 'unasked' | 'asked' | 'answered' | 'silent'
  /** It passes letters on as they come. */
  following: boolean
}

/** The collection of one day's mailbox. */
export interface CollectionDay {
  readonly day: number
  phase: 'looking-up' | 'first' | 'rest' | 'settled'
  custodians: CollectedCustodian[]
  /** Letters heard of, by id in text: with the driver, or on disk. */
  readonly letters: Map<string, 'opening' | 'stored'>
  opening: number
  /** On disk, and no custodian knows yet. */
  unacknowledged: string[]
  /** A letter was not stored or not looked at in this round, so the day is not finished. */
  incomplete: boolean
  /** Letters of this round that those who were followed had not passed on. */
  missed: number
  /** Rounds that failed one after the other. */
  failures: number
  dueMs: number
}

/** The recipient's side of its mailboxes; changed in place by `stepCollection`. */
export interface CollectionState {
  /** Of every day up to this one everything is on disk that there was; undefined: never collected. Keep it on disk. */
  through: number | undefined
  readonly days: Map<number, CollectionDay>
  /** When to send `due`; Infinity: never. */
  dueMs: number
}

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
  | (Moment & { readonly type: 'due' })

export type CollectionEffect =
  /** Find the custodians of that day's mailbox. */
  | { readonly type: 'lookup'; readonly day: number }
  /** Collect; answer with `letter` for each, then `collected`; or `silent`. `follow`: `letter`s go on until `silent`. */
  | { readonly type: 'collect'; readonly day: number; readonly peerId: PeerIdText; readonly follow: boolean }
  | { readonly type: 'unfollow'; readonly day: number; readonly peerId: PeerIdText }
  /** Open and store the letter that just came from this peer; answer with `stored` or `not-stored`. */
  | { readonly type: 'open'; readonly day: number; readonly peerId: PeerIdText; readonly letterId: string }
  /** Tell the custodian that these are on disk here; no answer needed, tombstones spread by themselves. */
  | {
      readonly type: 'acknowledge'
      readonly day: number
      readonly peerId: PeerIdText
      readonly letterIds: readonly string[]
    }
  /** Put `through` on disk: days up to it are never asked for again. */
  | { readonly type: 'finished'; readonly through: number }
  /** For the log: others had letters that this custodian, though followed, had not passed on. */
  | { readonly type: 'withheld'; readonly day: number; readonly peerId: PeerIdText; readonly letters: number }

/** `through`: from disk. */
export function initialCollectionState(_through: number | undefined): CollectionState {
  throw new Error('TODO')
}

/** One step; changes `state` in place. */
export function stepCollection(_state: CollectionState, _event: CollectionEvent): readonly CollectionEffect[] {
  throw new Error('TODO')
}
