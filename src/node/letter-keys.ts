import type { AccountKey } from '../identity/account-key.ts'
import { dayOf, type MailboxKey } from '../identity/mailbox-key.ts'
import { fastestMlKem } from '../sealing/choose-ml-kem.ts'
import { LetterError } from '../sealing/letter-error.ts'
import { type OpenedLetter, openLetter } from '../sealing/open-letter.ts'
import { type XWing, xwing } from '../sealing/xwing.ts'
import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { Store, Transaction } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { Listeners } from '../util/listeners.ts'
import { type Element, element } from '../xml/element.ts'
import { CollectedDays } from './collected-days.ts'
import { ContactKeys } from './contact-keys.ts'
import { type LetterOrder, LetterSealer, type SealedOrder } from './letter-sealer.ts'
import { MailboxKeys } from './mailbox-keys.ts'
import { Prekeys } from './prekeys.ts'
import type { LettersPart } from './record-content.ts'
import { SingleUsePrekeys } from './single-use-prekeys.ts'

export type { LetterOrder, SealedOrder } from './letter-sealer.ts'

/** The `<keys/>` element, by which contacts hand each other what they need to seal and deposit letters. */
export const NS_KEYS = 'urn:kabber:keys:0'

/** How often it is looked whether a key is to be made or destroyed, which copes with clocks that jump. *ours* */
const CHECK_INTERVAL_MS = 3_600_000
/** Expired rows of one kind deleted in one transaction: a few ms. *ours* */
const EXPIRY_BATCH_ROWS = 256

export interface LetterKeysComponents {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly logger: Logger
}

export interface LetterKeysInit {
  /** The accounts served here. */
  readonly accounts: readonly AccountKey[]
  /** This node's. */
  readonly peerId: string
  /** @default the faster ML-KEM-768 this Node has */
  readonly kem?: XWing
}

/** The keys of one account. */
interface OwnLetterKeys {
  readonly key: AccountKey
  readonly prekeys: Prekeys
  readonly mailboxes: MailboxKeys
}

/**
 * All keys for letters of the accounts served here: prekeys, published and single-use, mailbox keys and permits. Accounts
 * and contacts are named by their bare JIDs.
 */
export class LetterKeys {
  readonly #components: LetterKeysComponents
  readonly #accounts: ReadonlyMap<string, OwnLetterKeys>
  readonly #singleUse: SingleUsePrekeys
  readonly #contactKeys: ContactKeys
  readonly #sealer: LetterSealer
  readonly #collections: CollectedDays
  readonly #listeners = new Listeners<string>()
  #timer: Timer | undefined
  #started: Promise<void> | undefined
  #stopped = false
  /** Renewals, one after the other. */
  #renewals: Promise<unknown> = Promise.resolve()
  #check: Promise<void> = Promise.resolve()
  #day = 0

  constructor(components: LetterKeysComponents, init: LetterKeysInit) {
    const { accounts, peerId, kem = xwing(fastestMlKem()) } = init
    const shared = { ...components, kem }
    this.#components = components
    this.#accounts = new Map(
      accounts.map((key) => {
        return [key.address, { key, prekeys: new Prekeys(shared, key.address), mailboxes: new MailboxKeys(key) }]
      }),
    )
    this.#singleUse = new SingleUsePrekeys(shared)
    this.#contactKeys = new ContactKeys({ ...shared, singleUse: this.#singleUse }, peerId)
    this.#sealer = new LetterSealer({ ...shared, contactKeys: this.#contactKeys }, peerId)
    this.#collections = new CollectedDays(components)
  }

  /**
   * Makes the keys that are missing; resolves when they are on disk and may be published. Idempotent.
   *
   * @throws StoreError
   */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#started?.catch(() => {})
    await Promise.all([this.#renewals, this.#check])
  }

  /** Tells which account's record has something new to say, until the returned function is called. */
  onChanged(listener: (address: string) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** What the record of an account says for those who seal letters; undefined before `start` and for other accounts. */
  recordPart(address: string): LettersPart | undefined {
    const own = this.#accounts.get(address)
    const prekey = own?.prekeys.published
    return own && prekey && { prekey, mailboxKeys: own.mailboxes.publishedOn(this.#today()) }
  }

  /**
   * Seals a letter; it may leave when the promise resolves. `no-keys`: the recipient's record names no mailbox for the
   * day or no prekey. `too-large`: there is no room for the stanza.
   *
   * @throws StoreError
   */
  async seal(order: LetterOrder): Promise<SealedOrder | 'no-keys' | 'too-large'> {
    try {
      return await this.#components.store.transaction((transaction) => this.#sealer.seal(transaction, order))
    } catch (error) {
      if (error instanceof LetterError && error.reason === 'too-large') {
        return 'too-large'
      }
      throw error
    }
  }

  /**
   * Opens a letter for an account served here.
   *
   * @throws LetterError
   */
  open(account: string, bytes: Uint8Array): OpenedLetter {
    const { key, prekeys } = this.#own(account)
    return openLetter(bytes, {
      recipientAccount: key.publicKey,
      prekeys: prekeys.pairs(),
      singleUse: (id) => this.#singleUse.find(account, id),
      nowMs: this.#components.clock.wallMs(),
    })
  }

  /** Destroys the key of a letter that opens no other, in the transaction that stores the message. */
  consumed(transaction: Transaction, account: string, opened: OpenedLetter): void {
    if (opened.singleUse) {
      this.#singleUse.destroy(transaction, account, opened.prekeyId)
    }
  }

  mailboxKey(account: string, day: number): MailboxKey {
    return this.#own(account).mailboxes.ofDay(day)
  }

  /** The keys a contact is to be given now, undefined if it has enough; to be queued in the same transaction. */
  keysFor(transaction: Transaction, account: string, contact: string): Element | undefined {
    const text = this.#contactKeys.handOver(transaction, this.#own(account).key, contact)
    return text === undefined ? undefined : element('keys', NS_KEYS, {}, [text])
  }

  /**
   * Keeps what a contact gave.
   *
   * @throws StanzaError `bad-request`
   */
  receiveKeys(transaction: Transaction, account: string, contact: string, keys: Element): void {
    this.#contactKeys.receive(transaction, { account, contact }, keys.text())
  }

  /** Destroys all keys from and for somebody who is no contact any more. */
  forget(transaction: Transaction, account: string, contact: string): void {
    this.#contactKeys.forget(transaction, { account, contact })
  }

  /** The last day of which this node has collected everything; undefined before the first collection. */
  collectedThrough(account: string): number | undefined {
    return this.#collections.through(account)
  }

  /**
   * All mailboxes of an account up to this day were collected just now. After that old prekeys are destroyed.
   *
   * @throws StoreError
   */
  async setCollectedThrough(account: string, day: number): Promise<void> {
    const own = this.#own(account)
    await this.#renew(own, (transaction) => this.#collections.put(transaction, account, day))
  }

  #own(account: string): OwnLetterKeys {
    const own = this.#accounts.get(account)
    assert(own !== undefined, 'the account is served here')
    return own
  }

  #today(): number {
    return dayOf(this.#components.clock.wallMs())
  }

  async #start(): Promise<void> {
    this.#day = this.#today()
    for (const own of this.#accounts.values()) {
      await this.#renew(own)
    }
    this.#schedule()
  }

  #schedule(): void {
    if (!this.#stopped) {
      this.#timer = this.#components.clock.schedule(CHECK_INTERVAL_MS, () => {
        this.#check = this.#renewAll().finally(() => this.#schedule())
      })
    }
  }

  async #renewAll(): Promise<void> {
    try {
      for (const own of this.#accounts.values()) {
        await this.#renew(own)
      }
      await this.#expire()
    } catch (error) {
      this.#components.logger.error('keys for letters not renewed', { reason: String(error) })
    }
    if (this.#day !== this.#today() && !this.#stopped) {
      this.#day = this.#today()
      for (const address of this.#accounts.keys()) {
        this.#listeners.emit(address)
      }
    }
  }

  /** Does what is due for an account's prekeys, together with `before`. */
  #renew(own: OwnLetterKeys, before: (transaction: Transaction) => void = () => {}): Promise<void> {
    const { address } = own.key
    const renewal = this.#renewals.then(async () => {
      await this.#components.store.transaction((transaction) => {
        before(transaction)
        own.prekeys.renew(transaction, this.#collections.collectedMs(transaction, address))
      })
      const isFirst = own.prekeys.published === undefined
      if (own.prekeys.load() && !isFirst) {
        this.#listeners.emit(address)
      }
    })
    this.#renewals = renewal.catch(() => {})
    return renewal
  }

  async #expire(): Promise<void> {
    const { store } = this.#components
    let deleted: number
    do {
      deleted = await store.transaction((transaction) => this.#contactKeys.expire(transaction, EXPIRY_BATCH_ROWS))
    } while (deleted > 0 && !this.#stopped)
  }
}
