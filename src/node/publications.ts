import type { AccountRecord } from '../identity/account-record.ts'
import type { Profile } from '../identity/account-record-message.ts'
import type { Clock } from '../system/clock.ts'
import { DialError } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import { PublicationSchedule } from './publication-schedule.ts'
import type { LettersPart } from './record-content.ts'
import {
  type PublishedAccount,
  RecordPublisher,
  type RecordPublisherComponents,
  type RecordPublisherInit,
} from './record-publisher.ts'

export interface PublicationsInit {
  readonly custody: RecordPublisherInit['custody']
  readonly capabilities: readonly string[]
  /** What an account's record is to say for those who seal letters; undefined leaves that as it is. */
  partOf(address: string): LettersPart | undefined
  /** What its owner set here to be shown to everybody, if he ever did. */
  profileOf(address: string): Profile | undefined
  known(publicKey: Uint8Array): AccountRecord | undefined
  lookup(address: string, signal: AbortSignal): Promise<AccountRecord | undefined>
  changed(record: AccountRecord): void
}

interface Publication {
  readonly publisher: RecordPublisher
  readonly schedule: PublicationSchedule
  /** The publication under way or the last one. */
  running: Promise<unknown>
}

/** The records of all accounts served here and when they are published. */
export class Publications {
  readonly #components: RecordPublisherComponents & { readonly clock: Clock; readonly random: Random }
  readonly #init: PublicationsInit
  readonly #accounts = new Map<string, Publication>()
  readonly #stopping = new AbortController()

  constructor(
    components: RecordPublisherComponents & { readonly clock: Clock; readonly random: Random },
    init: PublicationsInit,
  ) {
    this.#components = components
    this.#init = init
  }

  get(address: string): RecordPublisher | undefined {
    return this.#accounts.get(address)?.publisher
  }

  /** Publishes now, after what is under way; resolves with the number of custodians. */
  publish(account: PublishedAccount): Promise<number> {
    const publication = this.#publicationOf(account)
    publication.publisher.account = account
    return this.#run(publication, { again: false })
  }

  /** The addresses of this node changed. */
  changed(): void {
    for (const { schedule } of this.#accounts.values()) {
      schedule.changed()
    }
  }

  /** The account's profile changed, or a newer record of it came from another device, which may not know of this one. */
  accountChanged(address: string): void {
    this.#accounts.get(address)?.schedule.changed()
  }

  peerConnected(): void {
    for (const { schedule } of this.#accounts.values()) {
      schedule.peerConnected()
    }
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new DialError('stopped', 'the node is stopping'))
    for (const { schedule } of this.#accounts.values()) {
      schedule.stop()
    }
    await Promise.allSettled([...this.#accounts.values()].map(({ running }) => running))
  }

  #publicationOf(account: PublishedAccount): Publication {
    const { address, publicKey } = account.key
    const known = this.#accounts.get(address)
    if (known !== undefined) {
      return known
    }
    const { custody, capabilities, lookup, changed } = this.#init
    const publisher = new RecordPublisher(this.#components, account, {
      custody,
      capabilities,
      letters: () => this.#init.partOf(address),
      profile: () => this.#init.profileOf(address),
      known: () => this.#init.known(publicKey),
      lookup: (signal) => lookup(address, signal),
      changed,
    })
    const { clock, random } = this.#components
    const schedule = new PublicationSchedule(clock, random, {
      publish: (options) => {
        this.#run(publication, options).catch((error: unknown) => this.#failed(error))
      },
      confirm: () => {
        // Whatever it finds is learnt, and `learned` does the rest.
        lookup(address, this.#stopping.signal).catch((error: unknown) => this.#failed(error))
      },
    })
    const publication: Publication = { publisher, schedule, running: Promise.resolve() }
    this.#accounts.set(address, publication)
    return publication
  }

  #run(publication: Publication, options: { again: boolean }): Promise<number> {
    const run = publication.running.then(async () => {
      const { publisher, schedule } = publication
      const before = publisher.own
      let custodians = 0
      try {
        custodians = await publisher.publish(this.#stopping.signal, options)
        return custodians
      } finally {
        schedule.published(custodians, publisher.own !== before)
      }
    })
    publication.running = run.catch(() => {})
    return run
  }

  #failed(error: unknown): void {
    if (!this.#stopping.signal.aborted) {
      this.#components.logger.error('account record not published', { reason: String(error) })
    }
  }
}
