import type { PeerAddresses } from '../system/network.ts'
import type { Transaction } from '../system/store.ts'
import type { System } from '../system/system.ts'
import { Listeners } from '../util/listeners.ts'
import type { RateLimiter } from '../util/rate-limiter.ts'
import { type Element, element } from '../xml/element.ts'
import { isStanzaIdBy } from '../xmpp/extensions/stanza-id.ts'
import { Jid } from '../xmpp/jid.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { messageType, presenceType } from '../xmpp/stanza.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import { isStorable } from '../xmpp/storable.ts'
import type { SubscriptionType } from '../xmpp/subscription-state.ts'
import type {
  Account,
  AccountEvent,
  ArchivedMessage,
  DeliveryState,
  HistoryQuery,
  RosterEntry,
  SentMessage,
} from './api.ts'
import type { Archive } from './archive.ts'
import type { Handled } from './handled.ts'
import { identify, newStanzaId, prepareMessage, receivedId, receivedStampMs } from './message.ts'
import type { Outbox } from './outbox.ts'
import type { Positions } from './positions.ts'
import { Presence } from './presence.ts'
import { Queries } from './queries.ts'
import { Roster, type RosterChange } from './roster.ts'
import type { Routes } from './routes.ts'

/** Subscription types of a presence stanza (RFC 6121 §4.7.1). */
const SUBSCRIPTION_TYPES: ReadonlySet<string> = new Set(['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'])

/** What the accounts of a node share. */
export interface AccountComponents extends Pick<System, 'clock' | 'random' | 'store' | 'logger'> {
  readonly archive: Archive
  readonly positions: Positions
  readonly handled: Handled
  readonly outbox: Outbox
  readonly routes: Routes
  /** Messages of senders who are no contacts, by sender. */
  readonly strangers: RateLimiter
}

export interface LocalAccountInit {
  readonly address: string
  readonly resource: string
  readonly contactUri: () => string
}

/** One account served by this node: its roster, presence, messages and queries. */
export class LocalAccount implements Account {
  readonly address: string
  readonly contactUri: () => string
  readonly #components: AccountComponents
  readonly #roster: Roster
  readonly #presence: Presence
  readonly #queries: Queries
  readonly #events = new Listeners<AccountEvent>()

  constructor(components: AccountComponents, init: LocalAccountInit) {
    this.address = init.address
    this.contactUri = init.contactUri
    this.#components = components
    this.#roster = new Roster(components.store.read, init.address)
    this.#presence = new Presence({
      address: init.address,
      resource: init.resource,
      roster: this.#roster,
      handlers: {
        send: (to, presence) => this.#sendNow(to, presence),
        changed: (presence) => this.#events.emit({ type: 'presence', presence }),
      },
    })
    this.#queries = new Queries({
      random: components.random,
      address: init.address,
      reach: (bareJid, signal) => components.routes.reach(bareJid, signal),
    })
  }

  subscribe(listener: (event: AccountEvent) => void): () => void {
    return this.#events.add(listener)
  }

  async send(message: Element): Promise<SentMessage> {
    const { clock, random, store, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const prepared = prepareMessage(message, this.address, id)
    const peer = prepared.to.bare().toString()
    if (!isStorable(prepared.message)) {
      this.#sendNow(peer, prepared.message)
      return { id, state: 'queued' }
    }
    const stanza = prepared.message
    const shared = { position: positions.next(), account: this.address, id, stanza }
    const archived = await store.transaction((transaction) => {
      outbox.add(transaction, { ...shared, recipient: peer })
      const sent = { peer, direction: 'out', state: 'queued', stampMs: clock.wallMs() } as const
      return this.#components.archive.add(transaction, { ...shared, ...sent })
    })
    this.#events.emit({ type: 'message', message: archived })
    outbox.added(peer, shared.position)
    return { id, state: 'queued' }
  }

  messageState(peer: string, id: string): DeliveryState | undefined {
    return this.#components.archive.state(this.address, bareJid(peer), id)
  }

  async query(iq: Element, signal: AbortSignal): Promise<Element> {
    return await this.#queries.send(iq, signal)
  }

  history(peer: string, query?: HistoryQuery): readonly ArchivedMessage[] {
    return this.#components.archive.history(this.address, bareJid(peer), query)
  }

  roster(): readonly RosterEntry[] {
    return this.#roster.items()
  }

  async addContact(
    jid: string,
    options: { name?: string; hints?: readonly PeerAddresses[] } = {},
  ): Promise<RosterEntry> {
    const contact = this.#contactJid(jid)
    await this.#change(contact, (transaction) => {
      this.#roster.put(transaction, contact, options.name)
      this.#roster.putHints(transaction, contact, options.hints ?? [])
      // Whoever adds somebody also approves of them: RFC 6121 §3.4, and a request that already waits.
      return this.#roster.item(contact)?.pendingIn === true ? ['subscribed', 'subscribe'] : ['subscribe']
    })
    return this.#item(contact)
  }

  async acceptContact(jid: string): Promise<RosterEntry> {
    const contact = this.#contactJid(jid)
    if (this.#roster.item(contact)?.pendingIn !== true) {
      throw new StanzaError('item-not-found', 'there is no request from this address')
    }
    await this.#change(contact, (transaction) => {
      this.#roster.put(transaction, contact, undefined)
      return ['subscribed', 'subscribe']
    })
    return this.#item(contact)
  }

  async removeContact(jid: string): Promise<boolean> {
    const contact = this.#contactJid(jid)
    if (this.#roster.item(contact) === undefined) {
      return false
    }
    // RFC 6121 §2.5.2: the server cancels both subscriptions.
    await this.#change(contact, () => ['unsubscribe', 'unsubscribed'])
    await this.#components.store.transaction((transaction) => this.#roster.remove(transaction, contact))
    this.#events.emit({ type: 'roster-removed', jid: contact })
    if (this.#components.outbox.size(contact) === 0) {
      this.#components.routes.unwant(contact)
    }
    return true
  }

  setPresence(presence: Element | undefined): void {
    this.#presence.set(presence)
  }

  presencesOf(jid: string): readonly Element[] {
    return this.#presence.of(bareJid(jid))
  }

  /** Bare JIDs to whom a link is kept up. */
  contacts(): readonly string[] {
    return this.#roster.items().map((item) => item.jid)
  }

  hints(jid: string): readonly PeerAddresses[] {
    return this.#roster.hints(jid)
  }

  /** A stanza stream to a node of `jid` came up. */
  linkUp(jid: string): void {
    this.#presence.sendTo(jid)
  }

  linkDown(jid: string): void {
    this.#presence.linkDown(jid)
  }

  /** A stanza of ours left the outbox, after that is on disk. */
  settled(peer: string, id: string, state: DeliveryState): void {
    this.#events.emit({ type: 'message-state', id, peer, state })
  }

  /**
   * A message from a peer's node. Resolves when it needs no repetition.
   *
   * @throws StanzaError that the sender is to see; StoreError
   */
  async receiveMessage(from: Jid, stanza: Element): Promise<void> {
    const sender = from.bare().toString()
    if (messageType(stanza) === 'error') {
      await this.#receiveError(sender, stanza)
      return
    }
    if (this.#roster.item(sender) === undefined && !this.#components.strangers.take(sender)) {
      throw new StanzaError('policy-violation', 'too many messages from somebody who is no contact')
    }
    const message = stanza.without((child) => isStanzaIdBy(child, this.address)) // XEP-0359 §6, X16
    if (!isStorable(message)) {
      this.#events.emit({ type: 'transient', message })
      return
    }
    const id = receivedId(message, sender)
    if (id === undefined) {
      throw new StanzaError('bad-request', 'the message has no stanza-id of its sender')
    }
    const stampMs = receivedStampMs(message, sender, this.#components.clock.wallMs())
    const position = this.#components.positions.next()
    const entry = { account: this.address, id, peer: sender, direction: 'in', stampMs, state: 'received' } as const
    const archived = await this.#components.store.transaction((transaction) =>
      this.#components.archive.addReceived(transaction, { ...entry, position, stanza: message }),
    )
    if (archived !== undefined) {
      this.#events.emit({ type: 'message', message: archived })
    }
  }

  /** A presence stanza from a peer's node. Errors as for messages. */
  async receivePresence(from: Jid, presence: Element): Promise<void> {
    const type = presenceType(presence)
    if (type === 'available' || type === 'unavailable') {
      this.#presence.received(from, presence)
    } else if (type === 'probe') {
      this.#presence.probed(from.bare().toString())
    } else if (type !== undefined && SUBSCRIPTION_TYPES.has(type)) {
      await this.#receiveSubscription(from.bare().toString(), presence, type as SubscriptionType)
    }
  }

  /** An iq from a peer's node; what is to go back, if anything. */
  receiveQuery(iq: Element): Element | undefined {
    return this.#queries.receive(iq)
  }

  #item(contact: string): RosterEntry {
    const item = this.#roster.item(contact)
    if (item === undefined) {
      throw new StanzaError('item-not-found', 'the contact was removed meanwhile')
    }
    return item
  }

  #contactJid(text: string): string {
    const jid = bareJid(text)
    if (jid === this.address) {
      throw new StanzaError('not-allowed', 'this is your own address')
    }
    return jid
  }

  /** Own subscription stanzas: roster and outbox in one transaction, then the link and the roster event. */
  async #change(contact: string, plan: (transaction: Transaction) => readonly SubscriptionType[]): Promise<void> {
    const { store, outbox, routes } = this.#components
    const changed = await store.transaction((transaction) => {
      const types = plan(transaction)
      return types.map((type) => {
        const change = this.#roster.outbound(transaction, contact, type)
        return { type, change, position: change.pass ? this.#queueSubscription(transaction, contact, type) : undefined }
      })
    })
    for (const { type, change, position } of changed) {
      if (position !== undefined) {
        outbox.added(contact, position)
      }
      this.#subscriptionSent(contact, type, change)
    }
    routes.want(contact)
    this.#events.emit({ type: 'roster', entry: this.#item(contact) })
  }

  #queueSubscription(transaction: Transaction, contact: string, type: SubscriptionType): number {
    const { clock, random, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const presence = element('presence', NS_CLIENT, { from: this.address, to: contact, type, id })
    const stanza = identify(presence, this.address, id)
    const position = positions.next()
    outbox.add(transaction, { position, account: this.address, recipient: contact, id, stanza })
    return position
  }

  /** RFC 6121 §3.1.6: presence follows an approval; §3.2.2: its end is unavailable presence. */
  #subscriptionSent(contact: string, type: SubscriptionType, change: RosterChange): void {
    const saw = change.before?.subscription === 'from' || change.before?.subscription === 'both'
    if (type === 'subscribed') {
      this.#presence.sendTo(contact)
    } else if (type === 'unsubscribed' && saw) {
      this.#presence.sendUnavailable(contact)
    }
  }

  async #receiveSubscription(sender: string, presence: Element, type: SubscriptionType): Promise<void> {
    const id = receivedId(presence, sender)
    if (id === undefined) {
      throw new StanzaError('bad-request', 'the presence has no stanza-id of its sender')
    }
    const { store, handled, outbox, routes } = this.#components
    const done = await store.transaction((transaction) => {
      if (!handled.isNew(transaction, this.address, sender, id)) {
        return undefined
      }
      const change = this.#roster.inbound(transaction, sender, type)
      const reply = change.reply
      return { change, position: reply && this.#queueSubscription(transaction, sender, reply) }
    })
    if (done === undefined) {
      return
    }
    if (done.position !== undefined) {
      outbox.added(sender, done.position)
    }
    if (done.change.before !== undefined || done.change.pass || done.change.reply === 'subscribed') {
      this.#events.emit({ type: 'roster', entry: done.change.entry })
    }
    if (this.#roster.item(sender) !== undefined) {
      routes.want(sender)
    }
    this.#presence.sendTo(sender)
  }

  async #receiveError(sender: string, error: Element): Promise<void> {
    const id = await this.#components.store.transaction((transaction) =>
      this.#components.archive.fail(transaction, this.address, sender, error),
    )
    if (id !== undefined) {
      this.settled(sender, id, 'failed')
    }
  }

  /** Sends over the link that is up, or not at all: presence, chat states. */
  #sendNow(peer: string, stanza: Element): void {
    this.#components.routes.route(peer)?.send(stanza, () => {})
  }
}

function bareJid(text: string): string {
  return Jid.parse(text).bare().toString()
}
