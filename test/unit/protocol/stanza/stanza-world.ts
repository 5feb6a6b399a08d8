import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../../src/identity/account-key.ts'
import { signAccountRecord } from '../../../../src/identity/account-record.ts'
import type { AccountClaim } from '../../../../src/protocol/stanza/messages.ts'
import type { RemoteAccount } from '../../../../src/protocol/stanza/remote-accounts.ts'
import type { StanzaOutcome, StanzaSession } from '../../../../src/protocol/stanza/session.ts'
import type { StanzaHandlers } from '../../../../src/protocol/stanza/stanza-handlers.ts'
import { StanzaProtocol } from '../../../../src/protocol/stanza/stanza-protocol.ts'
import type { PeerIdText } from '../../../../src/system/network.ts'
import { type Element, element } from '../../../../src/xml/element.ts'
import { NS_CLIENT } from '../../../../src/xmpp/namespaces.ts'
import { type MemoryNetwork, MemoryWorld } from '../../../support/memory-network.ts'
import { peerIdFromSeed } from '../../../support/peer-ids.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

/** A signed record of `key` that lists these nodes. */
export function recordOf(
  key: AccountKey,
  peerIds: readonly PeerIdText[],
  nowMs: number,
  options: { sequence?: number; validityMs?: number } = {},
): Uint8Array {
  return signAccountRecord(key, {
    sequence: options.sequence ?? 1,
    issuedMs: nowMs,
    expiresMs: nowMs + (options.validityMs ?? 86_400_000),
    nodes: peerIds.map((peerId) => ({ peerId, addresses: [], capabilities: [], updatedMs: nowMs, prekeys: [] })),
    mailboxKeys: [],
  })
}

/** A chat message. */
export function message(from: string, to: string, text: string): Element {
  return element('message', NS_CLIENT, { from, to, id: text, type: 'chat' }, [element('body', NS_CLIENT, {}, [text])])
}

/** A node with one account and nothing but stanza streams, that writes down what happens to it. */
export class Actor implements StanzaHandlers {
  readonly world: StanzaWorld
  readonly peerId: PeerIdText
  readonly key: AccountKey
  readonly logger: RecordingLogger = new RecordingLogger()
  network!: MemoryNetwork
  protocol!: StanzaProtocol
  accounts: AccountClaim[]
  /** `opened`, `resumed`, `detached`, `closed`, in order. */
  readonly events: string[] = []
  /** Ids of the stanzas handed to the handler, in order. */
  readonly received: string[] = []
  readonly outcomes: { id: string; outcome: StanzaOutcome }[] = []
  readonly refused: string[] = []
  readonly changed: RemoteAccount[] = []
  /** What the handler of a stanza does after it was noted. */
  handle: (stanza: Element) => Promise<void> = async () => {}

  constructor(world: StanzaWorld, peerId: PeerIdText, key: AccountKey) {
    this.world = world
    this.peerId = peerId
    this.key = key
    this.accounts = [{ address: key.address, record: recordOf(key, [peerId], world.clock.wallMs()) }]
  }

  get address(): string {
    return this.key.address
  }

  async start(): Promise<void> {
    this.network = this.world.memory.createNetwork(this.peerId)
    this.protocol = new StanzaProtocol(
      { network: this.network, clock: this.world.clock, random: this.world.random, logger: this.logger },
      { accounts: () => this.accounts, handlers: this, onRefused: (reason) => this.refused.push(reason) },
    )
    this.network.subscribe((event) => {
      if (event.type === 'path-changed' && event.path === 'direct') {
        this.protocol.directPath(event.peerId)
      }
    })
    this.protocol.start()
    await this.network.start()
  }

  /** The network and all memory are gone at once. */
  async kill(): Promise<void> {
    this.world.memory.kill(this.peerId)
    await this.world.clock.advance(0)
  }

  session(other: Actor): StanzaSession | undefined {
    return [...this.protocol.sessions()].find((session) => session.peerId === other.peerId)
  }

  connect(other: Actor, signal: AbortSignal = new AbortController().signal): Promise<StanzaSession> {
    return this.protocol.connect({ peerId: other.peerId, addresses: [] }, signal)
  }

  send(other: Actor, id: string): boolean {
    const session = this.session(other)
    const settled = (outcome: StanzaOutcome): void => {
      this.outcomes.push({ id, outcome })
    }
    return session?.send(message(`${this.address}/node`, other.address, id), settled) ?? false
  }

  outcomesOf(outcome: StanzaOutcome): string[] {
    return this.outcomes.filter((entry) => entry.outcome === outcome).map(({ id }) => id)
  }

  opened(_session: StanzaSession, { resumed }: { resumed: boolean }): void {
    this.events.push(resumed ? 'resumed' : 'opened')
  }

  recordChanged(_session: StanzaSession, account: RemoteAccount): void {
    this.changed.push(account)
  }

  stanza(_session: StanzaSession, stanza: Element): Promise<void> {
    this.received.push(stanza.attribute('id') ?? '')
    return this.handle(stanza)
  }

  detached(): void {
    this.events.push('detached')
  }

  closed(): void {
    this.events.push('closed')
  }
}

/** Alice has the lower PeerId, Bob the higher. */
export class StanzaWorld {
  readonly clock: VirtualClock
  readonly memory: MemoryWorld
  readonly random: SeededRandom
  readonly alice: Actor
  readonly bob: Actor

  constructor(seed: string | number = 'stanza') {
    this.clock = new VirtualClock()
    this.memory = new MemoryWorld(this.clock, { latencyMs: 10 })
    this.random = new SeededRandom(seed)
    const [lower, higher] = [this.newPeerId(), this.newPeerId()].sort() as [string, string]
    this.alice = new Actor(this, lower, this.newKey())
    this.bob = new Actor(this, higher, this.newKey())
  }

  newPeerId(): PeerIdText {
    return peerIdFromSeed(this.random.bytes(32))
  }

  newKey(): AccountKey {
    return AccountKey.fromSeed(this.random.bytes(32))
  }

  async start(): Promise<void> {
    await this.alice.start()
    await this.bob.start()
  }

  /** Both nodes are there and Alice has dialled Bob. */
  static async connected(seed?: string): Promise<StanzaWorld> {
    const world = new StanzaWorld(seed)
    await world.start()
    await world.clock.run(world.alice.connect(world.bob))
    await world.clock.advance(50)
    return world
  }

  /** Breaks what connects the two, at once and at both ends. */
  async breakStream(): Promise<void> {
    this.memory.setPartitioned(this.alice.peerId, this.bob.peerId, true)
    this.memory.setPartitioned(this.alice.peerId, this.bob.peerId, false)
    await this.clock.advance(0)
  }

  async stop(): Promise<void> {
    await this.clock.run(Promise.all([this.alice.protocol.stop(), this.bob.protocol.stop()]))
    await this.clock.run(Promise.all([this.alice.network.stop(), this.bob.network.stop()]))
  }
}
