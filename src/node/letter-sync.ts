import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import { type SyncOutcome, syncMailbox } from '../protocol/mailbox/sync-mailbox.ts'
import { letterId } from '../sealing/letter-key.ts'
import type { Clock } from '../system/clock.ts'
import type { PeerAddresses, PeerIdText } from '../system/network.ts'
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
    const skipped = new Set<string>()
    const skips = (name: string): boolean => this.#isRefused(name) && skipped.add(name).size > 0
    const client = this.#careful(this.#client, skips)
    const keeper = this.#carefulKeeper(peer.peerId, skips)
    const outcome = await syncMailbox({ client, keeper, peer, mailboxKey }, signal)
    return outcome === 'synced' && skipped.size > 0 ? 'incomplete' : outcome
  }

  #careful(client: Client, skips: (name: string) => boolean): Client {
    return {
      syncWith: (...asked) => client.syncWith(...asked),
      acknowledge: (...asked) => client.acknowledge(...asked),
      // What is skipped counts as gone meanwhile.
      fetch: async (...asked) => (skips(toHex(asked[2])) ? undefined : await client.fetch(...asked)),
      replicate: async (...asked) => {
        const outcome = await client.replicate(...asked)
        const [{ peerId }, , { letter }] = asked
        this.#remember(`${peerId} ${toHex(letterId(letter))}`, outcome === 'done' ? undefined : outcome.refused)
        return outcome
      },
    }
  }

  #carefulKeeper(peerId: PeerIdText, skips: (name: string) => boolean): Keeper {
    const keeper = this.#keeper
    return {
      contents: (mailboxKey) => keeper.contents(mailboxKey),
      acknowledge: (...told) => keeper.acknowledge(...told),
      replica: async (mailboxKey, id) =>
        skips(`${peerId} ${toHex(id)}`) ? undefined : await keeper.replica(mailboxKey, id),
      deposit: async (request) => {
        const outcome = await keeper.deposit(request)
        this.#remember(toHex(request.letterId), 'refused' in outcome ? outcome.refused : undefined)
        return outcome
      },
    }
  }

  #isRefused(name: string): boolean {
    return this.#clock.monotonicMs() < (this.#refused.get(name) ?? Number.NEGATIVE_INFINITY)
  }

  #remember(name: string, refusal: string | undefined): void {
    if (refusal !== undefined && LASTING.includes(refusal)) {
      this.#refused.set(name, this.#clock.monotonicMs() + REFUSED_MS)
    }
  }
}
