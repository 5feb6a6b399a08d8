import type { MailboxContents } from '../protocol/mailbox/letter-keeper.ts'
import { mailboxDigest } from '../protocol/mailbox/sync-digest.ts'
import { BoundedMap } from '../util/bounded-map.ts'

/** Digests remembered: 1 MB; the one computed first gives way and is computed again. *ours* */
const DIGESTS_MAX = 4_096

/** Digests of mailboxes, until these change or something in them expires. Most mailboxes change seldom. */
export class LetterDigests {
  readonly #digests = new BoundedMap<string, { readonly digest: Uint8Array; readonly untilMs: number }>({
    maxEntries: DIGESTS_MAX,
  })

  get(mailbox: string, nowMs: number): Uint8Array | undefined {
    const known = this.#digests.get(mailbox)
    return known !== undefined && nowMs < known.untilMs ? known.digest : undefined
  }

  /** Computes the digest of what is there now, of which the first piece expires at `untilMs`. */
  compute(mailbox: string, contents: MailboxContents & { readonly untilMs: number }): Uint8Array {
    const digest = mailboxDigest(contents)
    this.#digests.set(mailbox, { digest, untilMs: contents.untilMs })
    return digest
  }

  /** The mailbox is not as it was. */
  forget(mailbox: string): void {
    this.#digests.delete(mailbox)
  }
}
