import type {
  DepositOutcome,
  DepositRequest,
  LetterKeeper,
  MailboxContents,
} from '../../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS, MAILBOX_MAX_ENTRIES } from '../../../src/protocol/mailbox/letter-limits.ts'
import type { RecordKeeper } from '../../../src/protocol/mailbox/record-keeper.ts'
import { mailboxDigest } from '../../../src/protocol/mailbox/sync-digest.ts'
import type { Clock } from '../../../src/system/clock.ts'
import { toHex } from '../../../src/util/bytes.ts'

/**
 * Signs for every letter and keeps none. To other custodians it claims to have what it signed for, so that those who
 * hand over to it delete theirs; to the recipient all mailboxes are empty.
 */
export class FaithlessCustodian implements LetterKeeper {
  readonly #clock: Pick<Clock, 'wallMs'>
  /** Ids of letters by mailbox (hex): what it pretends to have. */
  readonly #claimed = new Map<string, Map<string, Uint8Array>>()
  #accepted = 0

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  /** Letters it has signed for or taken over. */
  get accepted(): number {
    return this.#accepted
  }

  async deposit({ mailboxKey, letterId }: DepositRequest): Promise<DepositOutcome> {
    const mailbox = toHex(mailboxKey)
    const claimed = this.#claimed.get(mailbox) ?? new Map<string, Uint8Array>()
    this.#claimed.set(mailbox, claimed)
    if (claimed.size < MAILBOX_MAX_ENTRIES) {
      claimed.set(toHex(letterId), letterId)
    }
    this.#accepted += 1
    const depositedMs = this.#clock.wallMs()
    return { kept: { depositedMs, expiresMs: depositedMs + LETTER_RETENTION_MS } }
  }

  async letters(): Promise<readonly []> {
    return []
  }

  watch(): () => void {
    return () => {}
  }

  async acknowledge(): Promise<void> {}

  async digest(mailboxKey: Uint8Array): Promise<Uint8Array> {
    return mailboxDigest(await this.contents(mailboxKey))
  }

  async contents(mailboxKey: Uint8Array): Promise<MailboxContents> {
    return { letters: [...(this.#claimed.get(toHex(mailboxKey))?.values() ?? [])], tombstones: [] }
  }

  async replica(): Promise<undefined> {
    return undefined
  }

  async isCustodianPeer(): Promise<boolean> {
    return true
  }
}

/** Takes every account record and gives none back. */
export const FAITHLESS_RECORDS: RecordKeeper = {
  put: async () => 'stored',
  get: async () => undefined,
}
