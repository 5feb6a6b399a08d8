import type {
  Account,
  AccountEvent,
  ArchivedMessage,
  ArchivePage,
  ArchiveQuery,
  DeliveryState,
  PublicProfile,
  QueryHandler,
  RosterEntry,
  SentMessage,
} from '../../src/node/api.ts'
import { Listeners } from '../../src/util/listeners.ts'
import type { Element } from '../../src/xml/element.ts'
import { Jid } from '../../src/xmpp/jid.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { StanzaError } from '../../src/xmpp/stanza-error.ts'
import { isArchivable, isStorable } from '../../src/xmpp/storable.ts'

/** What a roster item of a test says; the rest is that of nobody in particular. */
export type RosterItemInit = Partial<RosterEntry> & { readonly jid: string }

const BLANK: Omit<RosterEntry, 'jid'> = {
  name: undefined,
  groups: [],
  subscription: 'none',
  ask: false,
  pendingIn: false,
  request: undefined,
  approved: false,
  isListed: true,
}

/**
 * An account without a node: keeps roster, archive, blocked JIDs and profile in memory, records what is sent to the
 * network in public lists, and plays the network by `hear…` and `ask`.
 */
export class FakeAccount implements Account {
  readonly address: string
  nickname: string | undefined
  readonly alias: string | undefined
  /** Messages given to `send`, subscription stanzas and directed presence, in order. */
  readonly sent: Element[] = []
  /** Iqs given to `query`. */
  readonly asked: Element[] = []
  /** Own presence by resource. */
  readonly presence: Map<string, Element> = new Map()
  /** Answers `query`; replace it. @default never */
  answer: (iq: Element, signal: AbortSignal) => Promise<Element> = (_iq, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  /** What others show, by bare JID. */
  readonly profiles: Map<string, PublicProfile> = new Map()
  readonly reachable: Set<string> = new Set()
  /** What `setPublicProfile` was given last. */
  profile: PublicProfile | undefined
  /** Thrown by the next `send`. */
  refusal: StanzaError | undefined
  readonly #roster = new Map<string, RosterEntry>()
  readonly #archive: ArchivedMessage[] = []
  readonly #unarchived = new Set<string>()
  readonly #presences = new Map<string, Map<string, Element>>()
  readonly #blocked = new Set<string>()
  readonly #events = new Listeners<AccountEvent>()
  #handler: QueryHandler | undefined
  #position = 100
  #nowMs = Date.UTC(2026, 0, 1)

  constructor(address: string, alias?: string) {
    this.address = address
    this.nickname = undefined
    this.alias = alias
  }

  // What the network does.

  /** Somebody's message arrives; archived if it is to be, and told. */
  hear(stanza: Element, stampMs: number = this.#nowMs): ArchivedMessage | undefined {
    if (!isStorable(stanza)) {
      this.emit({ type: 'transient', message: stanza })
      return undefined
    }
    const message = this.#keep(stanza, 'in', stampMs)
    this.emit({ type: 'message', message })
    return message
  }

  /** A contact's presence arrives. */
  hearPresence(presence: Element): void {
    const from = Jid.parse(presence.attribute('from') ?? '')
    const resources = this.#presences.get(from.bare().toString()) ?? new Map<string, Element>()
    this.#presences.set(from.bare().toString(), resources)
    if (presence.attribute('type') === undefined) {
      resources.set(from.resource ?? '', presence)
    } else {
      resources.delete(from.resource ?? '')
    }
    this.emit({ type: 'presence', presence })
  }

  /** Somebody asks over the network. */
  async ask(iq: Element): Promise<Element> {
    if (this.#handler === undefined) {
      throw new StanzaError('service-unavailable')
    }
    return await this.#handler(iq)
  }

  emit(event: AccountEvent): void {
    this.#events.emit(event)
  }

  /** Puts an item in the roster and tells. */
  putRosterItem(item: RosterItemInit): RosterEntry {
    const entry = { ...BLANK, ...item }
    this.#roster.set(entry.jid, entry)
    this.emit({ type: 'roster', entry })
    return entry
  }

  // What an account does.

  contactUri(): string {
    return `xmpp:${this.address}?roster`
  }

  async send(message: Element): Promise<SentMessage> {
    if (this.refusal !== undefined) {
      const error = this.refusal
      this.refusal = undefined
      throw error
    }
    this.sent.push(message)
    const isToSelf = bare(message.attribute('to') ?? this.address) === this.address
    if (!isStorable(message)) {
      if (isToSelf) {
        this.emit({ type: 'transient', message })
      }
      return { id: `node-${this.#position++}`, state: 'queued' }
    }
    const archived = this.#keep(message, isToSelf ? 'in' : 'out', this.#nowMs)
    await Promise.resolve()
    this.emit({ type: 'message', message: archived })
    return { id: archived.id, state: 'queued' }
  }

  messageState(peer: string, id: string): DeliveryState | undefined {
    const state = this.#archive.find((message) => message.peer === peer && message.id === id)?.state
    return state === 'received' ? undefined : state
  }

  history(peer: string, query: { limit?: number; beforeId?: string } = {}): readonly ArchivedMessage[] {
    const before = this.#archive.findIndex((message) => message.id === query.beforeId)
    const messages = before === -1 ? this.#archive : this.#archive.slice(0, before)
    return messages.filter((message) => message.peer === bare(peer)).slice(-(query.limit ?? 50))
  }

  archive(query: ArchiveQuery): ArchivePage {
    const { with: other, startMs = Number.NEGATIVE_INFINITY, endMs = Number.POSITIVE_INFINITY } = query
    for (const id of [...(query.ids ?? []), ...[query.afterId, query.beforeId].filter((id) => id !== undefined)]) {
      if (!this.#archive.some((message) => message.archiveId === id)) {
        throw new StanzaError('item-not-found')
      }
    }
    const found = this.#archive.filter(
      (message) =>
        !this.#unarchived.has(message.archiveId) &&
        message.stampMs >= startMs &&
        message.stampMs <= endMs &&
        (query.ids === undefined || query.ids.includes(message.archiveId)) &&
        (query.afterId === undefined || Number(message.archiveId) > Number(query.afterId)) &&
        (query.beforeId === undefined || Number(message.archiveId) < Number(query.beforeId)) &&
        (other === undefined ||
          (Jid.parse(other).isBare ? message.peer === bare(other) : [message.from, message.to].includes(other))),
    )
    const limit = Math.min(query.limit ?? 50, 1_000)
    const messages = query.fromEnd === true ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit)
    return { messages, isComplete: messages.length === found.length }
  }

  receivedAfter(archiveId: string | undefined, limit: number): readonly ArchivedMessage[] {
    return this.#archive
      .filter(({ direction, archiveId: id }) => direction === 'in' && Number(id) > Number(archiveId ?? 0))
      .slice(0, limit)
  }

  async query(iq: Element, signal: AbortSignal): Promise<Element> {
    this.asked.push(iq)
    return await this.answer(iq, signal)
  }

  answerQueries(handler: QueryHandler | undefined): void {
    this.#handler = handler
  }

  roster(): readonly RosterEntry[] {
    return [...this.#roster.values()].sort((one, other) => (one.jid < other.jid ? -1 : 1))
  }

  rosterItem(jid: string): RosterEntry | undefined {
    return this.#roster.get(bare(jid))
  }

  async setRosterItem(jid: string, item: Pick<RosterEntry, 'name' | 'groups'>): Promise<RosterEntry> {
    if (bare(jid) === this.address) {
      throw new StanzaError('not-allowed')
    }
    const known = this.#roster.get(bare(jid)) ?? { ...BLANK, jid: bare(jid) }
    return this.putRosterItem({ ...known, ...item, isListed: true })
  }

  async sendSubscription(presence: Element): Promise<void> {
    this.sent.push(presence)
  }

  async addContact(jid: string, options: { name?: string } = {}): Promise<RosterEntry> {
    return await this.setRosterItem(jid, { name: options.name, groups: [] })
  }

  async acceptContact(jid: string): Promise<RosterEntry> {
    return await this.setRosterItem(jid, { name: undefined, groups: [] })
  }

  async removeContact(jid: string): Promise<boolean> {
    const removed = this.#roster.delete(bare(jid))
    if (removed) {
      this.emit({ type: 'roster-removed', jid: bare(jid) })
    }
    return removed
  }

  setPresence(resource: string, presence: Element | undefined): void {
    if (presence === undefined || presence.attribute('type') === 'unavailable') {
      this.presence.delete(resource)
    } else {
      this.presence.set(resource, presence)
    }
  }

  sendPresence(presence: Element): void {
    this.sent.push(presence)
  }

  presencesOf(jid: string): readonly Element[] {
    return [...(this.#presences.get(bare(jid))?.values() ?? [])]
  }

  blocked(): readonly string[] {
    return [...this.#blocked]
  }

  async block(jids: readonly string[]): Promise<void> {
    for (const jid of jids) {
      this.#blocked.add(jid)
    }
    this.emit({ type: 'blocked', jids })
  }

  async unblock(jids: readonly string[]): Promise<void> {
    for (const jid of jids.length === 0 ? [...this.#blocked] : jids) {
      this.#blocked.delete(jid)
    }
    this.emit({ type: 'unblocked', jids })
  }

  async setPublicProfile(profile: PublicProfile): Promise<void> {
    this.profile = profile
  }

  async publicProfile(jid: string): Promise<PublicProfile | undefined> {
    return this.profiles.get(bare(jid))
  }

  isReachable(jid: string): boolean {
    return this.reachable.has(bare(jid))
  }

  subscribe(listener: (event: AccountEvent) => void): () => void {
    return this.#events.add(listener)
  }

  #keep(stanza: Element, direction: 'in' | 'out', stampMs: number): ArchivedMessage {
    const position = this.#position++
    const [from, to] = [stanza.attribute('from') ?? this.address, stanza.attribute('to') ?? this.address]
    const message: ArchivedMessage = {
      archiveId: String(position),
      id: `node-${position}`,
      peer: bare(direction === 'in' ? from : to),
      direction,
      from,
      to,
      body: stanza.child('body', NS_CLIENT)?.text() ?? '',
      stampMs,
      state: direction === 'in' ? 'received' : 'queued',
      stanza,
    }
    this.#archive.push(message)
    if (!isArchivable(stanza)) {
      this.#unarchived.add(message.archiveId)
    }
    return message
  }
}

function bare(jid: string): string {
  return Jid.parse(jid).bare().toString()
}
