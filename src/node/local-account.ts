import type { PeerAddresses } from '../system/network.ts'
import type { Transaction } from '../system/store.ts'
import { Listeners } from '../util/listeners.ts'
import { type Element, element } from '../xml/element.ts'
import { isStanzaIdBy } from '../xmpp/extensions/stanza-id.ts'
import { withoutForeignClaims } from '../xmpp/foreign-claims.ts'
import { Jid } from '../xmpp/jid.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { messageType, presenceType } from '../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../xmpp/stanza-error.ts'
import { isStorable } from '../xmpp/storable.ts'
import { aliasOf } from './account-alias.ts'
import { AccountBlocking } from './account-blocking.ts'
import type { AccountComponents } from './account-components.ts'
import { AccountProfile } from './account-profile.ts'
import { acknowledgedIds, NS_DELIVERED } from './acknowledgements.ts'
import type {
  Account,
  AccountEvent,
  ArchivedMessage,
  ArchivePage,
  ArchiveQuery,
  DeliveryState,
  HistoryQuery,
  PublicProfile,
  QueryHandler,
  RosterEntry,
  SentMessage,
} from './api.ts'
import { ArchivePages } from './archive-pages.ts'
import { Blocklist } from './blocklist.ts'
import { NS_KEYS } from './letter-keys.ts'
import { checkSize, identify, newStanzaId, prepareMessage, receivedId, receivedStampMs } from './message.ts'
import type { OutboxRow } from './outbox.ts'
import { Presence } from './presence.ts'
import { Queries } from './queries.ts'
import { Roster } from './roster.ts'
import { checkRosterItem } from './roster-item.ts'
import { Subscriptions } from './subscriptions.ts'

/** Last message correction (XEP-0308). */
const NS_REPLACE = 'urn:xmpp:message-correct:0'

export interface LocalAccountInit {
  readonly address: string
  /** The owner's nickname: what he may type instead of the XID, if it is a localpart. */
  readonly nickname: string | undefined
  readonly contactUri: () => string
}

/** One account served by this node: its roster, presence, messages and queries. */
export class LocalAccount implements Account {
  readonly address: string
  readonly alias: string | undefined
  readonly contactUri: () => string
  readonly #components: AccountComponents
  readonly #roster: Roster
  readonly #presence: Presence
  readonly #queries: Queries
  readonly #subscriptions: Subscriptions
  readonly #blocklist: Blocklist
  readonly #blocking: AccountBlocking
  readonly #profile: AccountProfile
  readonly #pages: ArchivePages
  readonly #events = new Listeners<AccountEvent>()

  constructor(components: AccountComponents, init: LocalAccountInit) {
    this.address = init.address
    this.contactUri = init.contactUri
    this.#components = components
    this.alias = aliasOf(init.nickname)
    this.#blocklist = new Blocklist(components.store.read, init.address)
    this.#pages = new ArchivePages(components.store.read, init.address)
    this.#roster = new Roster(components.store.read, init.address)
    this.#presence = new Presence({
      address: init.address,
      roster: this.#roster,
      handlers: {
        send: (to, presence) => this.#sendNow(to, presence),
        isBlocked: (jid) => this.#blocklist.has(Jid.parse(jid)),
        changed: (presence) => this.#events.emit({ type: 'presence', presence }),
      },
    })
    const { store } = components
    const [blocklist, roster, presence] = [this.#blocklist, this.#roster, this.#presence]
    this.#blocking = new AccountBlocking({ store, blocklist, roster, presence })
    this.#profile = new AccountProfile(components, init.address)
    this.#subscriptions = new Subscriptions(components, {
      address: init.address,
      roster: this.#roster,
      presence: this.#presence,
      changed: (entry) => {
        this.#events.emit({ type: 'roster', entry })
        void this.handKeys(entry.jid)
      },
      told: (presence) => this.#events.emit({ type: 'subscription', presence }),
    })
    this.#queries = new Queries({
      clock: components.clock,
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
    if (peer === this.address) {
      return await this.#keepOwn(id, prepared.message)
    }
    this.#blocklist.check(prepared.to)
    if (!isStorable(prepared.message)) {
      this.#sendNow(peer, prepared.message)
      return { id, state: 'queued' }
    }
    const stanza = prepared.message
    const shared = { position: positions.next(), account: this.address, id, stanza, ends: 'delivered' } as const
    const { row, archived } = await store.transaction((transaction) => {
      const sent = { peer, direction: 'out', state: 'queued', stampMs: clock.wallMs() } as const
      return {
        row: outbox.add(transaction, { ...shared, recipient: peer }),
        archived: this.#components.archive.add(transaction, { ...shared, ...sent }),
      }
    })
    this.#events.emit({ type: 'message', message: archived })
    outbox.added(row)
    return { id, state: 'queued' }
  }

  messageState(peer: string, id: string): DeliveryState | undefined {
    return this.#components.archive.state(this.address, bareJid(peer), id)
  }

  async query(iq: Element, signal: AbortSignal): Promise<Element> {
    this.#blocklist.check(Jid.parse(iq.attribute('to') ?? ''))
    return await this.#queries.send(iq, signal)
  }

  answerQueries(handler: QueryHandler | undefined): void {
    this.#queries.answerWith(handler)
  }

  history(peer: string, query?: HistoryQuery): readonly ArchivedMessage[] {
    return this.#components.archive.history(this.address, bareJid(peer), query)
  }

  archive(query: ArchiveQuery): ArchivePage {
    return this.#pages.page(query)
  }

  receivedAfter(archiveId: string | undefined, limit: number): readonly ArchivedMessage[] {
    return this.#pages.receivedAfter(archiveId, limit)
  }

  roster(): readonly RosterEntry[] {
    return this.#roster.items()
  }

  rosterItem(jid: string): RosterEntry | undefined {
    return this.#roster.item(bareJid(jid))
  }

  async setRosterItem(
    jid: string,
    item: { name: string | undefined; groups: readonly string[] },
  ): Promise<RosterEntry> {
    const contact = this.#contactJid(jid)
    const checked = checkRosterItem(item)
    const entry = await this.#components.store.transaction((transaction) =>
      this.#roster.put(transaction, contact, checked),
    )
    this.#events.emit({ type: 'roster', entry })
    return entry
  }

  async sendSubscription(presence: Element): Promise<void> {
    const type = presenceType(presence)
    const to = Jid.parse(presence.attribute('to') ?? '')
    const contact = this.#contactJid(to.toString())
    if (!Subscriptions.isSubscription(type)) {
      throw new StanzaError('bad-request', 'this is no subscription stanza')
    }
    this.#blocklist.check(to.bare())
    checkSize(presence, 'a presence')
    await this.#subscriptions.send(contact, presence, type)
  }

  async addContact(
    jid: string,
    options: { name?: string; hints?: readonly PeerAddresses[] } = {},
  ): Promise<RosterEntry> {
    return await this.#subscriptions.add(this.#contactJid(jid), options.name, options.hints ?? [])
  }

  async acceptContact(jid: string): Promise<RosterEntry> {
    return await this.#subscriptions.accept(this.#contactJid(jid))
  }

  async removeContact(jid: string): Promise<boolean> {
    const contact = this.#contactJid(jid)
    if (this.#roster.item(contact) === undefined) {
      return false
    }
    await this.#subscriptions.remove(contact)
    this.#events.emit({ type: 'roster-removed', jid: contact })
    if (this.#components.outbox.size(contact) === 0) {
      this.#components.routes.unwant(contact)
    }
    return true
  }

  setPresence(resource: string, presence: Element | undefined): void {
    this.#presence.set(resource, presence)
  }

  sendPresence(presence: Element): void {
    const to = Jid.parse(presence.attribute('to') ?? '')
    if (presenceType(presence) !== 'unavailable') {
      this.#blocklist.check(to)
    }
    this.#sendNow(to.bare().toString(), presence)
  }

  presencesOf(jid: string): readonly Element[] {
    return this.#presence.of(bareJid(jid))
  }

  blocked(): readonly string[] {
    return this.#blocklist.jids
  }

  async block(jids: readonly string[]): Promise<void> {
    this.#events.emit({ type: 'blocked', jids: await this.#blocking.block(jids) })
  }

  async unblock(jids: readonly string[]): Promise<void> {
    this.#events.emit({ type: 'unblocked', jids: await this.#blocking.unblock(jids) })
  }

  async setPublicProfile(profile: PublicProfile): Promise<void> {
    await this.#profile.set(profile)
  }

  async publicProfile(jid: string, signal: AbortSignal): Promise<PublicProfile | undefined> {
    return await this.#profile.get(bareJid(jid), signal)
  }

  isReachable(jid: string): boolean {
    return this.#components.routes.isUp(bareJid(jid))
  }

  /** Nobody waits for answers any more. */
  stop(): void {
    this.#queries.stop()
  }

  /** Bare JIDs to whom a link is kept up. */
  contacts(): readonly string[] {
    return this.#roster.contacts()
  }

  /** Whether a link to a bare JID is kept up. */
  isContact(jid: string): boolean {
    return this.#roster.state(jid) !== 'none'
  }

  hints(jid: string): readonly PeerAddresses[] {
    return this.#roster.hints(jid)
  }

  /** A stanza stream to a node of `jid` came up. */
  linkUp(jid: string): void {
    this.#presence.linkUp(jid)
    void this.handKeys(jid)
  }

  /** Hands a contact what it needs to seal letters for this account, if it is time to. */
  async handKeys(contact: string): Promise<void> {
    const { store, letterKeys, logger } = this.#components
    if (!this.#trusts(contact)) {
      return
    }
    try {
      const row = await store.transaction((transaction) => {
        const keys = letterKeys.keysFor(transaction, this.address, contact)
        return keys && this.#queue(transaction, contact, this.#control(contact, keys))
      })
      if (row !== undefined) {
        this.#components.outbox.added(row)
      }
    } catch (error) {
      logger.warn('keys not handed over', { reason: String(error) })
    }
  }

  /** Queues what this node itself has to say to the nodes of another account. */
  async sendControl(to: string, payload: Element): Promise<void> {
    await this.sendStanza(to, this.#control(to, payload))
  }

  /** Queues a stanza of which nothing is kept here: it has done its duty when enough custodians have it. */
  async sendStanza(to: string, stanza: Element): Promise<void> {
    const row = await this.#components.store.transaction((transaction) => this.#queue(transaction, to, stanza))
    this.#components.outbox.added(row)
  }

  linkDown(jid: string): void {
    this.#presence.gone(jid)
  }

  /** A stanza of ours left the outbox, after that is on disk. */
  settled(peer: string, id: string, state: DeliveryState, receipts?: { receipts: number; of: number }): void {
    this.#events.emit({ type: 'message-state', id, peer, state, ...receipts })
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
    if (await this.#receiveControl(sender, stanza)) {
      return
    }
    this.#refuseBlocked(from)
    if (!this.#knows(sender) && !this.#components.strangers.take(sender)) {
      throw new StanzaError('policy-violation', 'too many messages from somebody who is no contact')
    }
    const message = this.#withoutReplacing(withoutForeignClaims(stanza, this.address))
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
  async receivePresence(from: Jid, stanza: Element): Promise<void> {
    if (this.#blocklist.has(from)) {
      return // XEP-0191 §3.2
    }
    const presence = withoutForeignClaims(stanza, this.address)
    const type = presenceType(presence)
    if (type === 'available' || type === 'unavailable') {
      this.#presence.received(from, presence)
    } else if (type === 'probe') {
      this.#presence.sendTo(from.bare().toString()) // RFC 6121 §4.3.2
    } else if (Subscriptions.isSubscription(type)) {
      await this.#subscriptions.receive(from.bare().toString(), presence, type)
    }
  }

  /** An iq from a peer's node; what is to go back, if anything. Never rejects. */
  async receiveQuery(from: Jid, iq: Element): Promise<Element | undefined> {
    if (this.#blocklist.has(from)) {
      return errorReply(iq, new StanzaError('service-unavailable')) // XEP-0191 §3.2
    }
    return await this.#queries.receive(iq)
  }

  /** To the own account: archived once, as received, for all clients to see. */
  async #keepOwn(id: string, stanza: Element): Promise<SentMessage> {
    const { clock, store, archive, positions } = this.#components
    if (!isStorable(stanza)) {
      const message = stanza.without((child) => isStanzaIdBy(child, this.address))
      this.#events.emit({ type: 'transient', message })
      return { id, state: 'delivered' }
    }
    const position = positions.next()
    const entry = { account: this.address, id, peer: this.address, stampMs: clock.wallMs(), position, stanza }
    const archived = await store.transaction((transaction) =>
      archive.add(transaction, { ...entry, direction: 'in', state: 'received' }),
    )
    this.#events.emit({ type: 'message', message: archived })
    return { id, state: 'delivered' }
  }

  #refuseBlocked(from: Jid): void {
    if (this.#blocklist.has(from)) {
      throw new StanzaError('service-unavailable') // XEP-0191 §3.2
    }
  }

  /** XEP-0308 §5: only its sender corrects a message, so a correction of one of ours is none (X16). */
  #withoutReplacing(message: Element): Element {
    const id = message.child('replace', NS_REPLACE)?.attribute('id')
    return id !== undefined && this.#components.archive.hasSent(this.address, id)
      ? message.without((child) => child.name === 'replace' && child.namespace === NS_REPLACE)
      : message
  }

  #contactJid(text: string): string {
    const jid = bareJid(text)
    if (jid === this.address) {
      throw new StanzaError('not-allowed', 'this is your own address')
    }
    return jid
  }

  /** What nodes say to each other in messages; true if it was that. */
  async #receiveControl(sender: string, stanza: Element): Promise<boolean> {
    const delivered = stanza.child('delivered', NS_DELIVERED)
    const keys = stanza.child('keys', NS_KEYS)
    if (delivered !== undefined) {
      this.#components.outbox.acknowledged(this.address, sender, acknowledgedIds(delivered))
    }
    if (keys !== undefined && this.#trusts(sender)) {
      await this.#components.store.transaction((transaction) =>
        this.#components.letterKeys.receiveKeys(transaction, this.address, sender, keys),
      )
    }
    return delivered !== undefined || keys !== undefined
  }

  #control(to: string, payload: Element): Element {
    return element('message', NS_CLIENT, { from: this.address, to }, [payload])
  }

  #queue(transaction: Transaction, recipient: string, unnamed: Element): OutboxRow {
    const { clock, random, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const stanza = identify(unnamed, this.address, id)
    const position = positions.next()
    return outbox.add(transaction, { position, account: this.address, recipient, id, ends: 'stored', stanza })
  }

  /** Whether the user has anything to do with somebody; who only has asked for a subscription is a stranger still. */
  #knows(jid: string): boolean {
    const item = this.#roster.item(jid)
    return item?.isListed === true
  }

  /** Contacts who may see us or whom we see get keys and permits; strangers do not. */
  #trusts(jid: string): boolean {
    const item = this.#roster.item(jid)
    return item !== undefined && item.subscription !== 'none'
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
