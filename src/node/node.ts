import { formatContactUri } from '../identity/contact-uri.ts'
import { MailboxClient } from '../protocol/mailbox/client.ts'
import { MailboxServer } from '../protocol/mailbox/server.ts'
import type { StanzaSession } from '../protocol/stanza/session.ts'
import { StanzaProtocol } from '../protocol/stanza/stanza-protocol.ts'
import type { Row, Transaction } from '../system/store.ts'
import type { System } from '../system/system.ts'
import { RateLimiter } from '../util/rate-limiter.ts'
import type { Element } from '../xml/element.ts'
import type { KabberNode, NodeInit, NodeStatus } from './api.ts'
import { Archive } from './archive.ts'
import { Counters } from './counters.ts'
import { Custody } from './custody.ts'
import { Directory } from './directory.ts'
import { Handled } from './handled.ts'
import { Inbound } from './inbound.ts'
import { Links } from './links.ts'
import { LocalAccount } from './local-account.ts'
import { Outbox } from './outbox.ts'
import type { OwnAccount } from './own-keys.ts'
import { Positions } from './positions.ts'
import { type Route, Routes } from './routes.ts'
import type { outboxTable } from './tables/outbox.ts'

/** Messages that a sender who is no contact may leave at once, and then per second. *ours* */
const STRANGER_BURST = 1_000
const STRANGER_REFILL_PER_SECOND = 10
/** Senders who are no contacts that are counted at a time. *ours* */
const STRANGERS_MAX = 10_000
/** Characters of the PeerId in the resource under which a node shows presence. *ours* */
const RESOURCE_PEER_CHARACTERS = 8

/** Makes a node of everything it takes from outside; nothing runs before `start`. */
export function createNode(system: System, init: NodeInit): KabberNode {
  return new Node(system, init)
}

/** Composes the protocols: what arrives finds its account, what leaves finds its way. */
class Node implements KabberNode {
  readonly peerId: string
  readonly #system: System
  readonly #own: readonly OwnAccount[]
  readonly #accounts = new Map<string, LocalAccount>()
  readonly #refused = new Counters()
  readonly #custody: Custody
  readonly #directory: Directory
  readonly #mailboxClient: MailboxClient
  readonly #mailboxServer: MailboxServer
  readonly #stanza: StanzaProtocol
  readonly #links: Links
  readonly #inbound: Inbound
  readonly #outbox: Outbox
  readonly #handled: Handled
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  #unsubscribe: (() => void)[] = []

  constructor(system: System, init: NodeInit) {
    const { clock, random, network, store, logger } = system
    const addresses = init.accounts.map(({ key }) => key.address)
    const onRefused = (reason: string): void => this.#refused.add(reason)
    const onViolation = (_peerId: string, reason: string): void => onRefused(reason)
    const positions = new Positions(store.read)
    const archive = new Archive(store.read)
    this.#system = system
    this.#own = init.accounts
    this.peerId = network.peerId
    this.#custody = new Custody({ clock, store, network, logger: logger.child('custody') }, { onRefused })
    this.#mailboxServer = new MailboxServer(
      { clock, network, logger: logger.child('mailbox') },
      { records: this.#custody, onViolation },
    )
    this.#mailboxClient = new MailboxClient({ clock, network, logger: logger.child('mailbox') }, { onViolation })
    this.#directory = new Directory(
      { clock, random, network, store, logger: logger.child('directory'), mailbox: this.#mailboxClient },
      { custody: this.#custody, onRefused },
    )
    this.#stanza = new StanzaProtocol(
      { clock, random, network, logger: logger.child('stanza') },
      { accounts: () => this.#announced(addresses), handlers: this.#stanzaHandlers(), onRefused },
    )
    this.#links = new Links(
      { clock, random, logger: logger.child('links'), stanza: this.#stanza },
      this.#linkHandlers(),
    )
    this.#inbound = new Inbound({ logger: logger.child('inbound'), onRefused }, (address) =>
      this.#accounts.get(address),
    )
    const routes = new Routes(this.#links, (address) => this.#localRoute(address))
    this.#outbox = new Outbox(
      { clock, store, logger: logger.child('outbox') },
      {
        positions,
        handlers: this.#outboxHandlers(archive, routes),
      },
    )
    this.#handled = new Handled({ clock, store, logger: logger.child('handled') })
    const strangers = new RateLimiter(clock, {
      capacity: STRANGER_BURST,
      refillPerSecond: STRANGER_REFILL_PER_SECOND,
      maxKeys: STRANGERS_MAX,
    })
    const shared = {
      clock,
      random,
      store,
      logger,
      archive,
      positions,
      handled: this.#handled,
      outbox: this.#outbox,
      routes,
      strangers,
    }
    const resource = `kabber-${network.peerId.slice(-RESOURCE_PEER_CHARACTERS)}`
    for (const account of init.accounts) {
      const contactUri = (): string => this.#contactUri(account)
      const { address } = account.key
      this.#accounts.set(address, new LocalAccount(shared, { address, resource, contactUri }))
    }
  }

  get accounts(): readonly LocalAccount[] {
    return [...this.#accounts.values()]
  }

  async start(): Promise<void> {
    this.#started ??= this.#start()
    await this.#started
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    await this.#stopped
  }

  status(): NodeStatus {
    const { network } = this.#system
    return {
      peerId: this.peerId,
      addresses: network.addresses(),
      reachability: network.reachability(),
      connectedPeers: network.connectedPeers().length,
      accounts: this.accounts.map((account) => {
        const contacts = account.contacts()
        return {
          address: account.address,
          contacts: contacts.length,
          linkedContacts: contacts.filter((jid) => this.#links.isUp(jid)).length,
          outboxMessages: this.#outbox.size(),
          recordCustodians: this.#directory.custodiansOf(account.address),
        }
      }),
      recordsKept: this.#custody.recordsKept(),
      refused: this.#refused.snapshot(),
    }
  }

  async #start(): Promise<void> {
    const { network } = this.#system
    this.#unsubscribe = [
      network.subscribe((event) => {
        if (event.type === 'peer-connected') {
          this.#links.peerConnected(event.peerId)
        }
      }),
      this.#directory.subscribe(({ record, own }) => {
        if (own) {
          this.#stanza.announce({ address: record.address, record: record.encoded })
        }
      }),
    ]
    this.#mailboxServer.start()
    this.#stanza.start()
    await network.start()
    this.#custody.start()
    this.#directory.start()
    this.#publish()
    this.#handled.start()
    this.#outbox.start()
    for (const account of this.accounts) {
      this.#links.wantAll(account.contacts())
      this.#outbox.linkUp(account.address)
    }
  }

  async #stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    for (const unsubscribe of this.#unsubscribe) {
      unsubscribe()
    }
    this.#outbox.stop()
    this.#handled.stop()
    await this.#links.stop()
    await this.#stanza.stop()
    await this.#directory.stop()
    await this.#mailboxClient.stop()
    await this.#mailboxServer.stop()
    await this.#custody.stop()
    await this.#system.network.stop()
    await this.#system.store.close()
  }

  /** From here on the directory publishes by itself; a failure is repeated at its next occasion. */
  #publish(): void {
    for (const account of this.#own) {
      this.#directory.publish(account).catch((error: unknown) => {
        this.#system.logger.warn('account record not published', { reason: String(error) })
      })
    }
  }

  #announced(addresses: readonly string[]): { address: string; record: Uint8Array }[] {
    return addresses.flatMap((address) => {
      const record = this.#directory.ownRecord(address)
      return record === undefined ? [] : [{ address, record }]
    })
  }

  #contactUri(account: OwnAccount): string {
    const addresses = this.#system.network.addresses().map((address) => `${address}/p2p/${this.peerId}`)
    return formatContactUri({ address: account.key.address, name: account.nickname, addresses })
  }

  /** To an account served here: the stanza is acknowledged when it is on disk on the other side of this very node. */
  #localRoute(address: string): Route | undefined {
    if (!this.#accounts.has(address)) {
      return undefined
    }
    return {
      send: (stanza, settled) => {
        void this.#receiveHere(stanza, settled)
        return true
      },
    }
  }

  async #receiveHere(stanza: Element, settled: (outcome: 'acknowledged' | 'lost') => void): Promise<void> {
    try {
      const answer = await this.#inbound.receive(stanza)
      settled('acknowledged')
      if (answer !== undefined) {
        await this.#inbound.receive(answer)
      }
    } catch (error) {
      this.#system.logger.warn('stanza between own accounts not stored', { reason: String(error) })
      settled('lost')
    }
  }

  #stanzaHandlers(): ConstructorParameters<typeof StanzaProtocol>[1]['handlers'] {
    return {
      opened: (session, { resumed }) => {
        for (const { bytes } of session.accounts) {
          this.#directory.learn(bytes)
        }
        this.#links.opened(session, resumed)
      },
      recordChanged: (session, { address, bytes }) => {
        this.#directory.learn(bytes)
        this.#links.accountShown(session, address)
      },
      stanza: (session, stanza) => this.#receive(session, stanza),
      detached: (session) => this.#links.detached(session),
      closed: (session) => this.#links.closed(session),
    }
  }

  async #receive(session: StanzaSession, stanza: Element): Promise<void> {
    const answer = await this.#inbound.receive(stanza)
    if (answer !== undefined) {
      session.send(answer, () => {})
    }
  }

  #linkHandlers(): ConstructorParameters<typeof Links>[1] {
    return {
      lookup: (address, refresh, signal) => this.#directory.lookup(address, signal, { refresh }),
      hints: (address) => this.accounts.flatMap((account) => account.hints(address)),
      up: (address, resumed) => {
        this.#outbox.linkUp(address)
        if (!resumed) {
          this.#eachAccount((account) => account.linkUp(address))
        }
      },
      down: (address) => {
        this.#outbox.linkDown(address)
        this.#eachAccount((account) => account.linkDown(address))
      },
    }
  }

  #outboxHandlers(archive: Archive, routes: Routes): ConstructorParameters<typeof Outbox>[1]['handlers'] {
    const stateOf = { delivered: 'delivered', expired: 'failed' } as const
    return {
      route: (recipient) => routes.route(recipient),
      waiting: (recipient) => routes.want(recipient),
      empty: (recipient) => {
        if (!this.accounts.some((account) => account.contacts().includes(recipient))) {
          routes.unwant(recipient)
        }
      },
      ended: (transaction: Transaction, row: Row<typeof outboxTable>, outcome) => {
        archive.settle(transaction, row.position, stateOf[outcome])
      },
      ending: (row, outcome) => {
        this.#accounts.get(row.account)?.settled(row.recipient, row.id, stateOf[outcome])
      },
    }
  }

  #eachAccount(action: (account: LocalAccount) => void): void {
    for (const account of this.#accounts.values()) {
      action(account)
    }
  }
}
