import type { PeerAddresses } from '../system/network.ts'
import { Listeners } from '../util/listeners.ts'
import type { Element } from '../xml/element.ts'
import { isStanzaIdBy } from '../xmpp/extensions/stanza-id.ts'
import { Jid } from '../xmpp/jid.ts'
import { presenceType } from '../xmpp/stanza.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import { isStorable } from '../xmpp/storable.ts'
import { aliasOf } from './account-alias.ts'
import { AccountBlocking } from './account-blocking.ts'
import type { AccountComponents } from './account-components.ts'
import { AccountControls } from './account-controls.ts'
import { AccountInbound } from './account-inbound.ts'
import { AccountProfile } from './account-profile.ts'
import { checkAddressable } from './addressable.ts'
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
import { checkSize, newStanzaId, prepareMessage } from './message.ts'
import { Presence } from './presence.ts'
import { Queries } from './queries.ts'
import { Roster } from './roster.ts'
import { checkRosterItem } from './roster-item.ts'
import { Subscriptions } from './subscriptions.ts'

/** What there is to say of a state beside its name. */
type SettledMore = Pick<Extract<AccountEvent, { type: 'message-state' }>, 'receipts' | 'of' | 'error'>

export interface LocalAccountInit {
  readonly address: string
  /** The owner's nickname: what he may type instead of the XID, if it is a localpart. */
  readonly nickname: string | undefined
  readonly contactUri: () => string
}

/** One account served by this node: its roster, presence, messages and queries. */
export class LocalAccount implements Account {
  readonly address: string
  readonly nickname: string | undefined
  readonly alias: string | undefined
  readonly contactUri: () => string
  readonly controls: AccountControls
  /** Where stanzas of others for this account come in. */
  readonly inbound: AccountInbound
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
    this.nickname = init.nickname
    this.alias = aliasOf(init.nickname)
    this.#components = components
    const { address } = init
    const { clock, random, routes, store } = components
    const roster = new Roster(store.read, address)
    const blocklist = new Blocklist(store.read, address)
    const emit = (event: AccountEvent): void => this.#events.emit(event)
    const presence = new Presence({
      address,
      roster,
      handlers: {
        send: (to, stanza) => this.#sendNow(to, stanza),
        isBlocked: (jid) => blocklist.has(Jid.parse(jid)),
        changed: (stanza) => emit({ type: 'presence', presence: stanza }),
      },
    })
    const controls = new AccountControls(components, { address, roster })
    const subscriptions = new Subscriptions(components, {
      address,
      roster,
      presence,
      changed: (entry) => {
        emit({ type: 'roster', entry })
        void controls.handKeys(entry.jid)
      },
      told: (stanza) => emit({ type: 'subscription', presence: stanza }),
    })
    const queries = new Queries({ clock, random, address, reach: (jid, signal) => routes.reach(jid, signal) })
    this.#roster = roster
    this.#blocklist = blocklist
    this.#presence = presence
    this.controls = controls
    this.#subscriptions = subscriptions
    this.#queries = queries
    this.#pages = new ArchivePages(store.read, address)
    this.#blocking = new AccountBlocking({ store, blocklist, roster, presence })
    this.#profile = new AccountProfile(components, address)
    this.inbound = new AccountInbound(components, {
      address,
      roster,
      presence,
      subscriptions,
      queries,
      controls,
      blocklist,
      emit,
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
    checkAddressable(prepared.to)
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
    const to = Jid.parse(iq.attribute('to') ?? '')
    checkAddressable(to)
    this.#blocklist.check(to)
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
    if (type === 'subscribe') {
      checkAddressable(to)
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
      checkAddressable(to)
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
    void this.controls.handKeys(jid)
  }

  linkDown(jid: string): void {
    this.#presence.gone(jid)
  }

  /** A stanza of ours left the outbox, after that is on disk. */
  settled(peer: string, id: string, state: DeliveryState, more?: SettledMore): void {
    this.#events.emit({ type: 'message-state', id, peer, state, ...more })
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

  #contactJid(text: string): string {
    const jid = bareJid(text)
    if (jid === this.address) {
      throw new StanzaError('not-allowed', 'this is your own address')
    }
    return jid
  }

  /** Sends over the link that is up, or not at all: presence, chat states. */
  #sendNow(peer: string, stanza: Element): void {
    this.#components.routes.route(peer)?.send(stanza, () => {})
  }
}

function bareJid(text: string): string {
  return Jid.parse(text).bare().toString()
}
