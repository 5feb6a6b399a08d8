import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { BindRequest, BoundSession, StreamHost } from '../../src/gateway/client-session.ts'
import { ClientPasswords } from '../../src/gateway/sasl/client-passwords.ts'
import { gatewayTables } from '../../src/gateway/schema.ts'
import { ClientStreams } from '../../src/gateway/stream/client-streams.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { Jid } from '../../src/xmpp/jid.ts'
import { StanzaError } from '../../src/xmpp/stanza-error.ts'
import { MemoryClient, type MemoryClientInit } from './memory-client-connection.ts'
import { RecordingLogger } from './recording-logger.ts'
import { VirtualClock } from './virtual-clock.ts'

export const ALICE: string = `00${'a1'.repeat(32)}@id.internal`
export const BOB: string = `00${'b0'.repeat(32)}@id.internal`
const DAY_MS = 86_400_000

/** A session as the streams' host sees it: what it received, and what became of it. */
export class HostSession implements BoundSession {
  readonly jid: Jid
  readonly request: BindRequest
  readonly received: Element[] = []
  /** What streams told it, in order. */
  readonly events: string[] = []
  /** While set, stanzas stay under way until `handle` is called. */
  holds = false
  readonly #waiting: (() => void)[] = []

  constructor(request: BindRequest, jid: Jid) {
    this.request = request
    this.jid = jid
  }

  get xml(): string[] {
    return this.received.map((stanza) => serialize(stanza, 'jabber:client'))
  }

  /** Stanzas that are under way. */
  get waiting(): number {
    return this.#waiting.length
  }

  receive(stanza: Element): Promise<void> {
    this.received.push(stanza)
    return this.holds ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve()
  }

  /** Handles the oldest stanzas that are under way. */
  handle(count: number = this.#waiting.length): void {
    for (const resolve of this.#waiting.splice(0, count)) {
      resolve()
    }
  }

  /** Delivers a message with this text, and notes its outcome among `events`. */
  deliver(text: string): void {
    const body = element('body', 'jabber:client', {}, [text])
    const message = element('message', 'jabber:client', { to: this.jid.toString(), type: 'chat' }, [body])
    this.request.port.deliver(message, (outcome) => this.events.push(`${text} ${outcome}`))
  }

  setCarbons(enabled: boolean): void {
    this.events.push(`carbons ${enabled}`)
  }

  setActive(active: boolean): void {
    this.events.push(`active ${active}`)
  }

  detached(): void {
    this.events.push('detached')
  }

  resumed(): void {
    this.events.push('resumed')
  }

  ended(): void {
    this.events.push('ended')
  }
}

/** Client streams with Alice (also `alice`) and Bob behind them, on a clock that stands still. */
export class StreamWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly store: MemoryStore = new MemoryStore({ version: 3, tables: gatewayTables, upgrades: [] })
  readonly passwords: ClientPasswords
  readonly streams: ClientStreams
  readonly sessions: HostSession[] = []

  constructor() {
    const random = new SeededRandom('streams')
    this.passwords = new ClientPasswords({ clock: this.clock, random, store: this.store })
    const host: StreamHost = {
      ownerAccount: ALICE,
      findAccount: (localpart) => names.get(localpart),
      bind: (request) => this.#bind(request),
      features: () => [element('ver', 'urn:xmpp:features:rosterver')],
    }
    const { clock, logger } = this
    this.streams = new ClientStreams({ clock, random, logger }, { host, passwords: this.passwords })
  }

  /** A world in which Alice's password is `pencil`, Bob's `eraser`. */
  static async create(): Promise<StreamWorld> {
    const world = new StreamWorld()
    await world.passwords.add(ALICE, 'desk', { password: 'pencil' })
    await world.passwords.add(BOB, 'desk', { password: 'eraser' })
    return world
  }

  /** A client that has connected and said nothing. */
  connect(init?: MemoryClientInit): StreamPlay {
    const client = new MemoryClient(init)
    this.streams.accept(client.connection)
    return new StreamPlay(this, client)
  }

  /** A client with a bound session. */
  async login(init?: MemoryClientInit, user = 'alice', password = 'pencil', resource = 'desk'): Promise<StreamPlay> {
    const play = this.connect(init)
    await play.authenticate(user, password)
    await play.bind(resource)
    return play
  }

  /** Ends all; throws if a timer is left. */
  async stop(): Promise<void> {
    const stopped = this.streams.stop()
    await this.clock.advance(DAY_MS)
    await stopped
    if (this.clock.pendingTimers > 0) {
      throw new Error(`${this.clock.pendingTimers} timers are left`)
    }
    await this.store.close()
  }

  #bind(request: BindRequest): BoundSession {
    if (request.resource === 'taken') {
      throw new StanzaError('conflict')
    }
    const jid = Jid.parse(request.account).withResource(request.resource ?? `resource-${this.sessions.length}`)
    const session = new HostSession(request, jid)
    this.sessions.push(session)
    return session
  }
}

const names = new Map([
  ['alice', ALICE],
  [ALICE.split('@')[0] as string, ALICE],
  [BOB.split('@')[0] as string, BOB],
  ['bob', BOB],
])

/** One client's lines in a play: XML in, XML out. */
export class StreamPlay {
  readonly client: MemoryClient
  readonly #world: StreamWorld

  constructor(world: StreamWorld, client: MemoryClient) {
    this.#world = world
    this.client = client
  }

  get isWebsocket(): boolean {
    return this.client.connection.transport === 'websocket'
  }

  /** The session of this client's last login. */
  get session(): HostSession {
    return this.#world.sessions.at(-1) as HostSession
  }

  /** Sends, lets everything settle, and gives what came back. */
  async say(...data: (string | Uint8Array)[]): Promise<string> {
    for (const piece of data) {
      this.client.send(piece)
    }
    return await this.hear()
  }

  /** What comes by itself, `ms` from now. */
  async hear(ms = 0): Promise<string> {
    await this.#world.clock.advance(ms + 5)
    return this.client.take()
  }

  async open(attributes = `to='id.internal' version='1.0'`): Promise<string> {
    return await this.say(this.isWebsocket ? openFrame(attributes) : openTag(attributes))
  }

  /** PLAIN, and the restart after it. */
  async authenticate(user: string, password: string): Promise<string> {
    await this.open()
    const answer = await this.say(auth('PLAIN', `\0${user}\0${password}`))
    if (!answer.includes('<success')) {
      throw new Error(answer)
    }
    return await this.open()
  }

  async bind(resource: string): Promise<string> {
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`
    return await this.say(`<iq xmlns='jabber:client' type='set' id='b'>${bind}</iq>`)
  }
}

export function openTag(attributes = `to='id.internal' version='1.0'`): string {
  return `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`
}

function openFrame(attributes: string): string {
  return `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' ${attributes}/>`
}

export function base64(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64')
}

/** `<auth/>` of RFC 6120 §6. */
export function auth(mechanism: string, response: string): string {
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${base64(response) || '='}</auth>`
}

/** The condition of the stream error in an answer. */
export function streamError(answer: string): string | undefined {
  return /<stream:error[^>]*><([a-z-]+) xmlns="urn:ietf:params:xml:ns:xmpp-streams"/.exec(answer)?.[1]
}
