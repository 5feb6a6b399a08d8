import { equals } from 'uint8arrays/equals'
import { answerExchange } from './exchange.ts'
import type { LetterDesk, Refused } from './letter-desk.ts'
import type { LetterKeeper } from './letter-keeper.ts'
import type { ReplicaFields } from './letter-messages.ts'
import type { Asker, Refusal } from './letter-serving.ts'
import type { Differences, Exchange, Fetch, Sync } from './sync-messages.ts'

/**
 * Not `not-custodian`, and whatever is kept here: who may not take part cannot tell whether there is such a mailbox, but
 * does not take it for compared either.
 */
const NOT_A_CUSTODIAN: Refusal = { refused: 'no-storage' }

/** Compares what is kept here with what another custodian of the same place has. */
export class SyncDesk {
  readonly #keeper: LetterKeeper
  readonly #desk: Pick<LetterDesk, 'refuse'>

  constructor(keeper: LetterKeeper, desk: Pick<LetterDesk, 'refuse'>) {
    this.#keeper = keeper
    this.#desk = desk
  }

  /** SYNC. */
  async sync({ mailboxKey, digest }: Sync, asker: Asker): Promise<{ compared: { equal: boolean } } | Refused> {
    if (!(await this.#keeper.isCustodianPeer(mailboxKey, asker.peerId))) {
      return this.#desk.refuse(asker, NOT_A_CUSTODIAN)
    }
    return { compared: { equal: equals(digest, await this.#keeper.digest(mailboxKey)) } }
  }

  /** EXCHANGE. */
  async exchange(exchange: Exchange, asker: Asker): Promise<{ differences: Differences } | Refused> {
    if (!(await this.#keeper.isCustodianPeer(exchange.mailboxKey, asker.peerId))) {
      return this.#desk.refuse(asker, NOT_A_CUSTODIAN)
    }
    return { differences: answerExchange(await this.#keeper.contents(exchange.mailboxKey), exchange) }
  }

  /** FETCH. */
  async fetch(
    { mailboxKey, letterId }: Fetch,
    asker: Asker,
  ): Promise<{ replica: ReplicaFields } | { notFound: Record<string, never> } | Refused> {
    if (!(await this.#keeper.isCustodianPeer(mailboxKey, asker.peerId))) {
      return this.#desk.refuse(asker, NOT_A_CUSTODIAN)
    }
    const replica = await this.#keeper.replica(mailboxKey, letterId)
    if (replica === undefined) {
      return { notFound: {} }
    }
    const { letter, depositedMs, credential } = replica
    return { replica: { ...credential, letter, depositedMs } }
  }
}
