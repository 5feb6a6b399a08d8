/** What happens to the mailboxes kept here, for replication. `mailbox` is the key in text. */
export type LetterEvent =
  /**
   * A letter or tombstone is here, now or (at start) from before. Told while its commit is still under way, so that
   * nobody deletes it unseen; should that fail, `quiet` or `empty` follows.
   */
  | {
      readonly type: 'kept'
      readonly mailbox: string
      readonly expiresMs: number
      /** From a depositor, not from another custodian. */
      readonly deposited: boolean
      /** A letter, not a tombstone. */
      readonly live: boolean
    }
  /** Only tombstones are left. */
  | { readonly type: 'quiet'; readonly mailbox: string }
  /** Nothing is left. */
  | { readonly type: 'empty'; readonly mailbox: string }
