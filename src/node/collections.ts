import type { AccountKey } from '../identity/account-key.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import { Gate } from '../util/gate.ts'
import { AccountCollection } from './account-collection.ts'
import type { CollectionService, CollectionsHandlers } from './collection-service.ts'
import { CustodianCalls } from './custodian-calls.ts'
import { LetterCustodians } from './letter-custodians.ts'
import type { LetterKeys } from './letter-keys.ts'
import { OpeningRoom } from './opening-room.ts'
import { Turns } from './turns.ts'

/** Collections under way that come to an end, each with a window of 160 KiB. *ours* */
const COLLECTS_AT_ONCE_MAX = 32
/** Those that wait: 24 accounts with 17 days of 10 custodians. *ours* */
const COLLECTS_WAITING_MAX = 4_096

export interface CollectionsComponents {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'peerId' | 'addresses' | 'closestPeers'>
  readonly mailbox: Pick<MailboxClient, 'deposit' | 'collect' | 'acknowledge'>
  readonly keys: Pick<LetterKeys, 'open' | 'mailboxKey' | 'collectedThrough' | 'setCollectedThrough'>
  readonly logger: Logger
  /** This node's own, if it keeps letters: it may be a custodian of its own accounts' mailboxes. */
  readonly keeper?: LetterKeeper | undefined
}

export interface CollectionsInit extends CollectionsHandlers {
  /** Those served here. */
  readonly accounts: readonly AccountKey[]
}

/** The recipient's side of letters: collects the mailboxes of the accounts served here, and follows today's. */
export class Collections {
  readonly #service: CollectionService
  readonly #accounts: readonly AccountKey[]
  readonly #collections = new Map<string, AccountCollection>()
  readonly #running = new Set<Promise<void>>()
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(components: CollectionsComponents, init: CollectionsInit) {
    const { clock, random, network, mailbox, keys, logger, keeper } = components
    this.#accounts = init.accounts
    this.#service = {
      clock,
      random,
      logger: logger.child('collections'),
      calls: new CustodianCalls(network.peerId, mailbox, keeper),
      custodians: new LetterCustodians({ clock, network }, keeper !== undefined),
      keys,
      handlers: init,
      room: new OpeningRoom(),
      turns: new Turns(clock),
      gate: new Gate({ maxInside: COLLECTS_AT_ONCE_MAX, maxWaiting: COLLECTS_WAITING_MAX }),
      running: (task) => this.#run(task),
    }
  }

  /** Begins to collect. Idempotent. */
  start(): void {
    if (this.#state !== 'new') {
      return
    }
    this.#state = 'started'
    for (const account of this.#accounts) {
      const collection = new AccountCollection(this.#service, account)
      this.#collections.set(account.address, collection)
      collection.online()
    }
  }

  /** Everything is asked for again, now. */
  networkChanged(): void {
    this.#service.custodians.networkChanged()
    if (this.#state === 'started') {
      for (const collection of this.#collections.values()) {
        collection.online()
      }
    }
  }

  /** Of an account's mailbox of today: custodians, those that are followed; and letters stored since the start. */
  status(address: string): { readonly custodians: number; readonly followed: number; readonly collected: number } {
    return this.#collections.get(address)?.status ?? { custodians: 0, followed: 0, collected: 0 }
  }

  /** Ends everything and waits for it; a letter that is being stored is stored. Idempotent. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    const reason = new Error('the node is stopping')
    for (const collection of this.#collections.values()) {
      collection.stop(reason)
    }
    await this.#service.custodians.stop()
    while (this.#running.size > 0) {
      await Promise.allSettled([...this.#running])
    }
  }

  #run(task: Promise<void>): void {
    this.#running.add(task)
    // Only a programmer error gets here.
    task
      .catch((error: unknown) => this.#service.logger.error('collection failed', { reason: String(error) }))
      .finally(() => this.#running.delete(task))
  }
}
