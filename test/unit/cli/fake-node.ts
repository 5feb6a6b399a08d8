import type { Account, AccountEvent, ArchivedMessage, Element, KabberNode, RosterEntry } from '../../../src/index.ts'

/** An XID whose key is a point of the curve (RFC 8032 test vector 1 and 2). */
export const ALICE = '00d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a@id.internal'
export const BOB = '003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c@id.internal'

/** An account in memory, of which every call is remembered. */
export class FakeAccount implements Account {
  readonly address: string = ALICE
  readonly sent: Element[] = []
  readonly presences: (Element | undefined)[] = []
  readonly messages: ArchivedMessage[] = []
  readonly entries: RosterEntry[] = []
  readonly #listeners = new Set<(event: AccountEvent) => void>()
  /** Called for each message that is sent. */
  onSend: (message: Element, id: string) => void = () => {}

  contactUri(): string {
    return `xmpp:${ALICE}?roster`
  }

  async send(message: Element): Promise<{ id: string; state: 'queued' }> {
    this.sent.push(message)
    const id = `m${this.sent.length}`
    this.onSend(message, id)
    return { id, state: 'queued' }
  }

  messageState(): undefined {
    return undefined
  }

  query(): Promise<Element> {
    return Promise.reject(new Error('not used'))
  }

  history(peer: string, query: { limit?: number; beforeId?: string } = {}): readonly ArchivedMessage[] {
    const all = this.messages.filter((message) => message.peer === peer)
    const end = query.beforeId === undefined ? all.length : all.findIndex(({ id }) => id === query.beforeId)
    return all.slice(Math.max(0, end - (query.limit ?? 50)), end)
  }

  roster(): readonly RosterEntry[] {
    return this.entries
  }

  async addContact(jid: string, options: { name?: string } = {}): Promise<RosterEntry> {
    const entry: RosterEntry = { jid, name: options.name, subscription: 'none', ask: true, pendingIn: false }
    this.entries.push(entry)
    return entry
  }

  async acceptContact(jid: string): Promise<RosterEntry> {
    return await this.addContact(jid)
  }

  async removeContact(): Promise<boolean> {
    return false
  }

  setPresence(presence: Element | undefined): void {
    this.presences.push(presence)
  }

  presencesOf(): readonly Element[] {
    return []
  }

  subscribe(listener: (event: AccountEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  emit(event: AccountEvent): void {
    for (const listener of this.#listeners) {
      listener(event)
    }
  }
}

/** A node that serves one fake account. */
export function fakeNode(account: FakeAccount): KabberNode {
  return {
    peerId: '12D3KooWFake',
    accounts: [account],
    start: async () => {},
    stop: async () => {},
    status: () => ({
      peerId: '12D3KooWFake',
      addresses: [],
      reachability: 'unknown',
      connectedPeers: 0,
      accounts: [],
      recordsKept: 0,
      letters: { kept: 0, bytes: 0, mailboxes: 0, limitBytes: 0 },
      refused: {},
    }),
  }
}
