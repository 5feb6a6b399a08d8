import { formatContactUri } from '../identity/contact-uri.ts'
import { MailboxClient } from '../protocol/mailbox/client.ts'
import type { StanzaSession } from '../protocol/stanza/session.ts'
import { StanzaProtocol } from '../protocol/stanza/stanza-protocol.ts'
import type { Timer } from '../system/clock.ts'
import type { System } from '../system/system.ts'
import { RateLimiter } from '../util/rate-limiter.ts'
import type { Element } from '../xml/element.ts'
import type { AccountComponents } from './account-components.ts'
import type { KabberNode, NodeInit, NodeStatus } from './api.ts'
import { Archive } from './archive.ts'
import { Counters } from './counters.ts'
import { Directory } from './directory.ts'
import { Handled } from './handled.ts'
import { Inbound } from './inbound.ts'
import { Keeping } from './keeping.ts'
import { LetterKeys } from './letter-keys.ts'
import { Links } from './links.ts'
import { LocalAccount } from './local-account.ts'
import { Mail } from './mail.ts'
import { Outbox } from './outbox.ts'
import type { OwnAccount } from './own-keys.ts'
import { Positions } from './positions.ts'
import { PublicProfiles } from './public-profiles.ts'
import { type Route, Routes } from './routes.ts'

/** Messages that a sender who is no contact may leave at once, and then per second. *ours* */
const STRANGER_BURST = 1_000
const STRANGER_REFILL_PER_SECOND = 10
/** Senders who are no contacts that are counted at a time. *ours* */
const STRANGERS_MAX = 10_000
/** Peers come in bunches: mail is tried again this long after the first of them. *ours* */
const NEW_PEERS_DELAY_MS = 1_000
/** Peers below which each burst of new ones may bring the first who are near a mailbox: Kademlia's k. *ours* */
const FEW_PEERS = 20
/** Above, mail looks at what new peers changed this often at most. *ours* */
const MANY_PEERS_DELAY_MS = 2 * 60_000
/** Links that a status names, so that it fits into a stanza. *ours* */
const STATUS_LINKS_MAX = 100

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
  readonly #directory: Directory
  readonly #mailboxClient: MailboxClient
  readonly #keeping: Keeping
  readonly #keys: LetterKeys
  readonly #mail: Mail
  readonly #stanza: StanzaProtocol
  readonly #links: Links
  readonly #inbound: Inbound
  readonly #outbox: Outbox
  readonly #handled: Handled
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  #unsubscribe: (() => void)[] = []
  #newPeers: Timer | undefined
  #lookedMs = 0

  constructor(system: System, init: NodeInit) {
    const { clock, random, network, store, logger } = system
    const own = init.accounts.map(({ key }) => key)
    const onRefused = (reason: string): void => this.#refused.add(reason)
    const mailbox = new MailboxClient(
      { clock, network, logger: logger.child('mailbox') },
      { onViolation: (_peerId, reason) => onRefused(reason) },
    )
    this.#system = system
    this.#own = init.accounts
    this.peerId = network.peerId
    this.#mailboxClient = mailbox
    this.#keeping = new Keeping(
      { ...system, mailbox },
      { nodeKey: init.node, storageBytes: init.storageBytes, onRefused },
    )
    const profiles = new PublicProfiles(store.read)
    const keys = new LetterKeys(
      { ...system, logger: logger.child('keys') },
      { accounts: own, peerId: network.peerId, ...(init.kem === undefined ? {} : { kem: init.kem }) },
    )
    this.#keys = keys
    this.#directory = new Directory(
      { ...system, logger: logger.child('directory'), mailbox },
      {
        custody: this.#keeping.records,
        onRefused,
        partOf: (address) => keys.recordPart(address),
        profileOf: (address) => profiles.get(address),
      },
    )
    this.#stanza = new StanzaProtocol(
      { clock, random, network, logger: logger.child('stanza') },
      { accounts: () => this.#announced(), handlers: this.#stanzaHandlers(), onRefused },
    )
    this.#links = new Links({ ...system, logger: logger.child('links'), stanza: this.#stanza }, this.#linkHandlers())
    this.#inbound = new Inbound({ logger: logger.child('inbound'), onRefused }, (address) =>
      this.#accounts.get(address),
    )
    const routes = new Routes(this.#links, (address) => this.#localRoute(address))
    const positions = new Positions(store.read)
    const archive = new Archive(store.read, clock)
    this.#handled = new Handled({ clock, store, logger: logger.child('handled') })
    this.#outbox = new Outbox(
      { clock, store, logger: logger.child('outbox') },
      { positions, handlers: this.#outboxHandlers(routes) },
    )
    this.#mail = new Mail(
      {
        ...system,
        logger: logger.child('mail'),
        mailbox,
        keys,
        directory: this.#directory,
        archive,
        inbound: this.#inbound,
        outbox: this.#outbox,
        keeper: this.#keeping.keeper,
      },
      {
        accounts: own,
        account: (address) => this.#accounts.get(address),
        isLinkUp: (recipient) => this.#accounts.has(recipient) || this.#links.isUp(recipient),
      },
    )
    this.#serve({ archive, positions, routes, profiles, letterKeys: keys })
  }

  /** Makes the accounts over the parts that they share. */
  #serve(parts: Pick<AccountComponents, 'archive' | 'positions' | 'routes' | 'profiles' | 'letterKeys'>): void {
    const { clock } = this.#system
    const strangers = new RateLimiter(clock, {
      capacity: STRANGER_BURST,
      refillPerSecond: STRANGER_REFILL_PER_SECOND,
      maxKeys: STRANGERS_MAX,
    })
    const [handled, outbox, directory] = [this.#handled, this.#outbox, this.#directory]
    const shared = { ...this.#system, ...parts, handled, outbox, directory, strangers }
    for (const account of this.#own) {
      const contactUri = (): string => this.#contactUri(account)
      const { address } = account.key
      const local = new LocalAccount(shared, { address, nickname: account.nickname, contactUri })
      this.#accounts.set(address, local)
      local.subscribe((event) => {
        if (event.type === 'message' && event.message.direction === 'in') {
          this.#mail.arrived(address, event.message.peer, event.message.id)
        }
      })
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
      reach: network.reach(),
      connectedPeers: network.connectedPeers().length,
      accounts: this.accounts.map((account) => {
        const contacts = account.contacts()
        const links = contacts.flatMap((contact) => {
          const path = this.#links.path(contact)
          return path === undefined ? [] : [{ contact, path }]
        })
        return {
          address: account.address,
          contacts: contacts.length,
          linkedContacts: contacts.filter((jid) => account.isReachable(jid)).length,
          links: links.slice(0, STATUS_LINKS_MAX),
          outboxMessages: this.#outbox.sizeOf(account.address),
          recordCustodians: this.#directory.custodiansOf(account.address),
          mailbox: this.#mail.mailbox(account.address),
        }
      }),
      ...this.#keeping.status(),
      refused: this.#refused.snapshot(),
    }
  }

  async #start(): Promise<void> {
    const { network } = this.#system
    this.#unsubscribe = [
      network.subscribe((event) => {
        if (event.type === 'peer-connected') {
          this.#links.peerConnected(event.peerId)
          this.#peersCame()
        } else if (event.type === 'path-changed' && event.path === 'direct') {
          this.#stanza.directPath(event.peerId)
        } else if (event.type === 'addresses-changed') {
          this.#mail.networkChanged()
        }
      }),
      this.#directory.subscribe(({ record, own }) => {
        if (own) {
          this.#stanza.announce({ address: record.address, record: record.encoded })
        } else {
          this.#mail.recordChanged(record.address)
        }
      }),
      this.#keys.onChanged((address) => this.#publish(address)),
    ]
    this.#stanza.start()
    await this.#keys.start()
    await this.#keeping.start()
    await network.start()
    this.#directory.start()
    this.#publish()
    this.#mail.start()
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
    this.#newPeers?.cancel()
    this.#eachAccount((account) => account.stop())
    this.#outbox.stop()
    this.#handled.stop()
    await this.#mail.stop()
    await this.#keys.stop()
    await this.#keeping.stop()
    await this.#links.stop()
    await this.#stanza.stop()
    await this.#directory.stop()
    await this.#mailboxClient.stop()
    await this.#system.network.stop()
    await this.#system.store.close()
  }

  /** From here on the directory publishes by itself what changes on the network; a failure is repeated. */
  #publish(address?: string): void {
    for (const account of this.#own.filter(({ key }) => address === undefined || key.address === address)) {
      this.#directory.publish(account).catch((error: unknown) => {
        this.#system.logger.warn('account record not published', { reason: String(error) })
      })
    }
  }

  /**
   * Mail that could not go or come while there was nobody: once per burst of new peers. Among many peers one more changes
   * little, and each look makes connections, which would bring the next look; so these are further apart.
   */
  #peersCame(): void {
    const { clock, network } = this.#system
    const hasFew = network.connectedPeers().length <= FEW_PEERS
    const dueMs = hasFew ? 0 : this.#lookedMs + MANY_PEERS_DELAY_MS - clock.monotonicMs()
    this.#newPeers ??= clock.schedule(Math.max(NEW_PEERS_DELAY_MS, dueMs), () => {
      this.#newPeers = undefined
      this.#lookedMs = clock.monotonicMs()
      this.#mail.networkChanged()
    })
  }

  #announced(): { address: string; record: Uint8Array }[] {
    return [...this.#accounts.keys()].flatMap((address) => {
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
      const answer = await this.#inbound.receive(stanza, (reply) => void this.#receiveHere(reply, () => {}))
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
    const reply = (answer: Element): void => void session.send(answer, () => {})
    const answer = await this.#inbound.receive(stanza, reply)
    if (answer !== undefined) {
      reply(answer)
    }
  }

  #linkHandlers(): ConstructorParameters<typeof Links>[1] {
    return {
      lookup: (address, refresh, signal) => this.#directory.lookup(address, signal, { refresh }),
      hints: (address) => this.accounts.flatMap((account) => account.hints(address)),
      up: (address, resumed) => {
        this.#outbox.linkUp(address)
        this.#mail.linkUp(address)
        if (!resumed) {
          this.#eachAccount((account) => account.linkUp(address))
        }
      },
      // At once, so that what was under way is deposited before what is written from now on.
      detached: (address) => this.#mail.linkDown(address),
      down: (address) => {
        this.#outbox.linkDown(address)
        this.#mail.linkDown(address)
        this.#eachAccount((account) => account.linkDown(address))
      },
    }
  }

  #outboxHandlers(routes: Routes): ConstructorParameters<typeof Outbox>[1]['handlers'] {
    return {
      route: (recipient) => routes.route(recipient),
      waiting: (row, isNew) => {
        routes.want(row.recipient)
        this.#mail.waiting(row, isNew)
      },
      empty: (recipient) => {
        if (!this.accounts.some((account) => account.isContact(recipient))) {
          routes.unwant(recipient)
        }
      },
      leaving: (transaction, row, outcome) => this.#mail.leaving(transaction, row, outcome),
      left: (row, outcome) => this.#mail.left(row, outcome),
    }
  }

  #eachAccount(action: (account: LocalAccount) => void): void {
    for (const account of this.#accounts.values()) {
      action(account)
    }
  }
}
