import { type AccountRecord, openAccountRecord } from '../identity/account-record.ts'
import type { Profile } from '../identity/account-record-message.ts'
import { RecordError } from '../identity/record-error.ts'
import { publicKeyFromXid } from '../identity/xid.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { RecordRefusal } from '../protocol/mailbox/messages.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network, NetworkEvent } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import type { Store } from '../system/store.ts'
import { Listeners } from '../util/listeners.ts'
import type { Custody } from './custody.ts'
import { Publications } from './publications.ts'
import { RecordCache } from './record-cache.ts'
import type { LettersPart } from './record-content.ts'
import { RecordLookup } from './record-lookup.ts'
import type { PublishedAccount } from './record-publisher.ts'
import { SharedLookups } from './shared-lookups.ts'

/** A record known to be current is not asked for again for so long. *ours* */
export const RECORD_CACHE_FRESH_MS = 3_600_000

export interface DirectoryComponents {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly store: Store
  readonly logger: Logger
  readonly mailbox: MailboxClient
}

export interface DirectoryInit {
  /** This node's own, which keeps the records published here like any other custodian's. */
  readonly custody: Custody
  /** What this node can do, for its entry in the records of its accounts. @default none */
  readonly capabilities?: readonly string[]
  /** What an account's record says for those who seal letters. @default nothing new */
  readonly partOf?: (address: string) => LettersPart | undefined
  /** What an account's owner set here to be shown to everybody. @default nothing */
  readonly profileOf?: (address: string) => Profile | undefined
  /** A record met or looked up was refused. @default nobody is told */
  readonly onRefused?: (reason: RecordRefusal) => void
}

/** An account has a newer record than before. */
export interface RecordChange {
  readonly record: AccountRecord
  /** The account is served here and this is what it says now: to be announced. */
  readonly own: boolean
}

/** From account addresses to account records: those of others, looked up and cached, and those of the accounts served here, published. */
export class Directory {
  readonly #components: DirectoryComponents
  readonly #onRefused: (reason: RecordRefusal) => void
  readonly #listeners = new Listeners<RecordChange>()
  readonly #cache: RecordCache
  readonly #lookups: SharedLookups
  readonly #publications: Publications
  #unsubscribe: (() => void) | undefined

  constructor(components: DirectoryComponents, init: DirectoryInit) {
    this.#components = components
    this.#onRefused = init.onRefused ?? (() => {})
    this.#cache = new RecordCache(components)
    const lookup = new RecordLookup(components, {
      found: (record) => this.#learn(record),
      refused: (reason) => this.#onRefused(reason),
    })
    this.#lookups = new SharedLookups(components.clock, lookup)
    this.#publications = new Publications(components, {
      custody: init.custody,
      capabilities: init.capabilities ?? [],
      partOf: init.partOf ?? (() => undefined),
      profileOf: init.profileOf ?? (() => undefined),
      known: (publicKey) => this.#cache.get(publicKey)?.record,
      lookup: (address, signal) => this.lookup(address, signal, { refresh: true }),
      changed: (record) => {
        this.#cache.learn(record)
        this.#listeners.emit({ record, own: true })
      },
    })
  }

  /** Watches addresses and peers from now on. Idempotent. */
  start(): void {
    this.#unsubscribe ??= this.#components.network.subscribe((event) => this.#onNetwork(event))
  }

  /** Ends lookups and publications and waits for them. Idempotent. */
  async stop(): Promise<void> {
    this.#unsubscribe?.()
    await Promise.all([this.#publications.stop(), this.#lookups.stop()])
  }

  /**
   * The current record of an account (bare JID): from the cache if that was current within the last hour and `refresh` is
   * not set, else from its custodians; if these have none, what the cache has. `undefined` for an address that is no XID.
   *
   * @throws the signal's reason; DialError `limit` when too many lookups wait, `stopped`
   */
  async lookup(
    address: string,
    signal: AbortSignal,
    options: { readonly refresh?: boolean } = {},
  ): Promise<AccountRecord | undefined> {
    signal.throwIfAborted()
    const publicKey = publicKeyFromXid(address)
    if (publicKey === undefined) {
      return undefined
    }
    const cached = this.#cache.get(publicKey)
    const ageMs = this.#components.clock.wallMs() - (cached?.seenMs ?? 0)
    if (cached !== undefined && options.refresh !== true && ageMs >= 0 && ageMs < RECORD_CACHE_FRESH_MS) {
      return cached.record
    }
    await this.#lookups.find(publicKey, signal)
    return this.#cache.get(publicKey)?.record
  }

  /** What is known without asking anybody. */
  cached(address: string): AccountRecord | undefined {
    const publicKey = publicKeyFromXid(address)
    return publicKey && this.#cache.get(publicKey)?.record
  }

  /** Takes a record met elsewhere, such as on a stanza stream: `known` if it is the one that is here. */
  learn(bytes: Uint8Array): 'new' | 'known' | RecordRefusal {
    const outcome = this.#judge(bytes)
    if (outcome !== 'new' && outcome !== 'known') {
      this.#onRefused(outcome)
    }
    return outcome
  }

  /**
   * Publishes the record of an account served here, from now on also whenever it is time to. Resolves with the number of
   * custodians that hold it, this node included.
   *
   * @throws StoreError; RecordError `too-large`; DialError `stopped`
   */
  publish(account: PublishedAccount): Promise<number> {
    return this.#publications.publish(account)
  }

  /** The profile of an account served here changed: its record is published soon. */
  profileChanged(address: string): void {
    this.#publications.accountChanged(address)
  }

  /** The record of an account served here, as it was last published and still is valid. */
  ownRecord(address: string): Uint8Array | undefined {
    return this.#publications.get(address)?.own?.encoded
  }

  /** Custodians that held the record of an account served here at its last publication. */
  custodiansOf(address: string): number {
    return this.#publications.get(address)?.custodians ?? 0
  }

  /** Tells of newer records, own and others', until the returned function is called. */
  subscribe(listener: (change: RecordChange) => void): () => void {
    return this.#listeners.add(listener)
  }

  #judge(bytes: Uint8Array): 'new' | 'known' | RecordRefusal {
    try {
      return this.#learn(openAccountRecord(bytes, { nowMs: this.#components.clock.wallMs() }))
    } catch (error) {
      if (error instanceof RecordError) {
        return error.reason
      }
      throw error
    }
  }

  #learn(record: AccountRecord): 'new' | 'known' | 'older' {
    const outcome = this.#cache.learn(record)
    if (outcome === 'new') {
      this.#publications.accountChanged(record.address)
      this.#listeners.emit({ record, own: false })
    }
    return outcome
  }

  #onNetwork(event: NetworkEvent): void {
    if (event.type === 'addresses-changed') {
      this.#publications.changed()
    } else if (event.type === 'peer-connected') {
      this.#publications.peerConnected()
    }
  }
}
