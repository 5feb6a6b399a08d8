import type { AccountKey } from '../identity/account-key.ts'
import {
  MAILBOX_KEYS_AHEAD_DAYS,
  MAILBOX_KEYS_DERIVED_MAX,
  type MailboxKey,
  mailboxKey,
} from '../identity/mailbox-key.ts'
import { BoundedMap } from '../util/bounded-map.ts'

/** The mailbox keys of one account, each derived once. */
export class MailboxKeys {
  readonly #account: AccountKey
  /** The coming days and those that are collected; deriving one takes 0.1 ms. */
  readonly #derived = new BoundedMap<number, MailboxKey>({ maxEntries: MAILBOX_KEYS_DERIVED_MAX })

  constructor(account: AccountKey) {
    this.#account = account
  }

  ofDay(day: number): MailboxKey {
    const known = this.#derived.get(day)
    if (known !== undefined) {
      return known
    }
    const key = mailboxKey(this.#account, day)
    this.#derived.set(day, key)
    return key
  }

  /** The public keys that a record issued on this day names. */
  publishedOn(day: number): readonly Uint8Array[] {
    return Array.from({ length: MAILBOX_KEYS_AHEAD_DAYS }, (_, index) => this.ofDay(day + index).publicKey)
  }
}
