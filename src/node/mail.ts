import type { AccountKey } from '../identity/account-key.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import type { OpenedLetter } from '../sealing/open-letter.ts'
import type { Transaction } from '../system/store.ts'
import type { System } from '../system/system.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { serialize } from '../xml/serializer.ts'
import { delayElement } from '../xmpp/extensions/delay.ts'
import { errorReply, StanzaError } from '../xmpp/stanza-error.ts'
import { Acknowledgements } from './acknowledgements.ts'
import type { NodeStatus } from './api.ts'
import type { Archive } from './archive.ts'
import { Collections } from './collections.ts'
import { Deliveries } from './deliveries.ts'
import { Deposits } from './deposits.ts'
import type { Directory } from './directory.ts'
import type { Inbound } from './inbound.ts'
import { LetterInbox } from './letter-inbox.ts'
import type { LetterKeys } from './letter-keys.ts'
import { LetterOrder, orderElement } from './letter-order.ts'
import type { LocalAccount } from './local-account.ts'
import type { Outbox, OutboxOutcome, OutboxRow } from './outbox.ts'

export interface MailComponents extends System {
  readonly mailbox: MailboxClient
  readonly directory: Directory
  /** This node's own, if it keeps letters for others. */
  readonly keeper: LetterKeeper | undefined
  readonly keys: LetterKeys
  readonly archive: Archive
  readonly inbound: Inbound
  readonly outbox: Outbox
}

export interface MailInit {
  /** The keys of the accounts served here. */
  readonly accounts: readonly AccountKey[]
  account(address: string): LocalAccount | undefined
  /** Whether stanzas to `recipient` leave directly now. */
  isLinkUp(recipient: string): boolean
}

type AccountMailbox = NodeStatus['accounts'][number]['mailbox']

/** Stanzas that go and come as letters, for people who are offline: the other way beside stanza streams. */
export class Mail {
  readonly #components: MailComponents
  readonly #init: MailInit
  readonly #deliveries: Deliveries
  readonly #deposits: Deposits
  readonly #collections: Collections
  readonly #acknowledgements: Acknowledgements
  readonly #inbox: LetterInbox
  readonly #order: LetterOrder
  #unsubscribe: (() => void) | undefined

  constructor(components: MailComponents, init: MailInit) {
    const { archive, clock, outbox } = components
    this.#components = components
    this.#init = init
    this.#order = new LetterOrder(clock)
    this.#acknowledgements = new Acknowledgements(clock, (account, sender, payload) =>
      this.#quietly(init.account(account)?.controls.send(sender, payload)),
    )
    this.#inbox = new LetterInbox({ ...components, acknowledgements: this.#acknowledgements, order: this.#order })
    this.#deposits = new Deposits(components, {
      stored: (position, receipts, of) => this.#deliveries.stored(position, receipts, of),
      receipts: (position, receipts, of) => this.#tell(position, receipts, of),
      failed: (position, reason) => this.#deliveries.depositFailed(position, reason),
      refused: () => {},
      room: (position) => this.#startDeposit(position, archive.stateAt(position) === 'stored'),
    })
    this.#collections = new Collections(components, {
      accounts: init.accounts,
      open: (account, opened) => this.#open(account, opened),
      unreadable: async (account, _letterId, reason) => this.#leaveToOthers(account, reason),
    })
    this.#deliveries = new Deliveries(clock, {
      isLinkUp: (recipient) => init.isLinkUp(recipient),
      startDeposit: (position, storedBefore) => this.#startDeposit(position, storedBefore),
      stopDeposit: (position) => this.#deposits.stop(position),
      stored: (position, receipts, of) => this.#quietly(this.#stored(position, receipts, of)),
      failed: (position) => this.#quietly(outbox.expire(position)),
    })
  }

  start(): void {
    this.#unsubscribe = this.#components.keys.onChanged((address) => {
      // A new day: some contacts may be running out of permits.
      for (const contact of this.#init.account(address)?.contacts() ?? []) {
        this.#quietly(this.#init.account(address)?.controls.handKeys(contact))
      }
    })
    this.#collections.start()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#acknowledgements.stop()
    this.#order.stop()
    this.#deliveries.stop()
    await Promise.all([this.#deposits.close(), this.#collections.stop()])
  }

  /** A stanza waits in the outbox. */
  waiting(row: OutboxRow, isNew: boolean): void {
    this.#deliveries.queued({
      position: row.position,
      recipient: row.recipient,
      expiresMs: row.expires_ms,
      storedBefore: !isNew && this.#components.archive.stateAt(row.position) === 'stored',
    })
  }

  /** A stanza leaves the outbox: part of that transaction. */
  leaving(transaction: Transaction, row: OutboxRow, outcome: OutboxOutcome): void {
    const { archive } = this.#components
    if (outcome === 'delivered') {
      archive.settle(transaction, row.position, 'delivered')
    } else if (outcome === 'expired') {
      archive.settle(transaction, row.position, 'failed', expiryError(row))
    }
  }

  /** The same, after it is on disk. */
  left(row: OutboxRow, outcome: OutboxOutcome): void {
    this.#deliveries.ended(row.position)
    // Subscription requests wait for the same, but are no messages.
    const isMessage = row.ends === 'delivered' && row.stanza.startsWith('<message')
    if (isMessage && outcome !== 'stored') {
      const state = outcome === 'delivered' ? 'delivered' : 'failed'
      const error = outcome === 'expired' ? expiryError(row) : undefined
      this.#init.account(row.account)?.settled(row.recipient, row.id, state, error && { error })
    }
  }

  linkUp(recipient: string): void {
    this.#deliveries.linkUp(recipient)
  }

  linkDown(recipient: string): void {
    this.#deliveries.linkDown(recipient)
  }

  /** The addresses of this node changed, or peers came after there were none. */
  networkChanged(): void {
    this.#deposits.networkChanged()
    this.#collections.networkChanged()
  }

  /** A message is on disk here, whichever way it came. */
  arrived(account: string, sender: string, id: string): void {
    this.#order.arrived(account, sender, id)
  }

  /** There is a newer record of an account: what could not be sealed for it is tried again. */
  recordChanged(address: string): void {
    this.#deposits.recipientChanged(address)
  }

  mailbox(address: string): AccountMailbox {
    return this.#collections.status(address)
  }

  async #open(key: AccountKey, opened: OpenedLetter): Promise<void> {
    const account = this.#init.account(key.address)
    if (account !== undefined) {
      await this.#inbox.take(account, opened)
    }
  }

  /** A letter without a key here may be for another device of the account, which is to find it still. */
  #leaveToOthers(account: AccountKey, reason: string): void {
    const nodes = this.#components.directory.cached(account.address)?.nodes ?? []
    if (nodes.length > 1 && (reason === 'not-for-us' || reason === 'decrypt')) {
      throw new Error('the letter may be for another node of the account')
    }
  }

  #startDeposit(position: number, storedBefore: boolean): void {
    const row = this.#components.outbox.row(position)
    const account = this.#init.accounts.find((key) => key.address === row?.account)
    if (row === undefined || account === undefined) {
      return
    }
    // XEP-0203 §4: who reads it later is to know when it was written.
    const delay = delayElement({ from: row.account, stampMs: row.accepted_ms })
    const predecessor = this.#components.archive.sentBefore(row.account, row.recipient, position)
    const after = row.ends === 'stored' || predecessor === undefined ? [] : [orderElement(predecessor)]
    this.#deposits.start({
      position,
      id: row.id,
      account,
      recipient: row.recipient,
      stanza: new TextEncoder().encode(serialize(parseElement(row.stanza).append(delay, ...after))),
      acceptedMs: row.accepted_ms,
      expiresMs: row.expires_ms,
      storedBefore,
    })
  }

  async #stored(position: number, receipts: number, of: number): Promise<void> {
    const { archive, outbox, store } = this.#components
    const row = outbox.row(position)
    if (row?.ends === 'stored') {
      await outbox.stored(position)
    } else if (row !== undefined) {
      await store.transaction((transaction) => archive.settle(transaction, position, 'stored'))
      const now = this.#deposits.receiptsOf(position)
      this.#tell(position, now?.receipts ?? receipts, now?.of ?? of)
    }
  }

  #tell(position: number, receipts: number, of: number): void {
    const row = this.#components.outbox.row(position)
    if (row?.ends === 'delivered' && this.#components.archive.stateAt(position) === 'stored') {
      this.#init.account(row.account)?.settled(row.recipient, row.id, 'stored', { receipts, of })
    }
  }

  #quietly(running: Promise<unknown> | undefined): void {
    running?.catch((error: unknown) => {
      this.#components.logger.warn('mail not handled', { reason: String(error) })
    })
  }
}

/** What the sender is told at last: RFC 6121 §8.5.2.2.1 leaves the choice between this and storing it on. */
function expiryError(row: OutboxRow): Element | undefined {
  const error = new StanzaError('remote-server-timeout', 'nobody could take the message in its time')
  return errorReply(parseElement(row.stanza), error)
}
