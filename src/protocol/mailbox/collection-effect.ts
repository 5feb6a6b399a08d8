import type { PeerIdText } from '../../system/network.ts'

/** What the recipient's driver is to do. */
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
