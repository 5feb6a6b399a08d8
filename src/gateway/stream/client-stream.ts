import type { ClientConnection } from '../../system/client-connection.ts'
import type { Timer } from '../../system/clock.ts'
import { toHex } from '../../util/bytes.ts'
import type { Element } from '../../xml/element.ts'
import type { StreamEvent, StreamHeader } from '../../xml/stream-parser.ts'
import { XmlError } from '../../xml/xml-error.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { SERVER_DOMAIN } from '../sasl/user-names.ts'
import { checkHeader, languageOf } from './check-header.ts'
import { KeepAlive } from './keep-alive.ts'
import { LoginStage } from './login-stage.ts'
import type { AttachedSession, StreamControl, StreamStage } from './stream-control.ts'
import type { StreamFraming } from './stream-framing.ts'
import { CLIENT_XML_LIMITS, LOGIN_XML_LIMITS } from './stream-limits.ts'
import type { StreamParts } from './stream-parts.ts'
import { StreamReader } from './stream-reader.ts'
import { TcpFraming } from './tcp-framing.ts'
import { WebsocketFraming } from './websocket-framing.ts'
import { WriteWatch } from './write-watch.ts'

/**
 * From the first byte until a resource is bound; a client does it in a second, an attacker costs memory so long. With the
 * 2 s that a connection may take to end it is the 30 s of our limits.
 */
const LOGIN_MS = 28_000
/** By so much, drawn for each, it may be less: a thousand that came at once are not put out in one turn. */
const LOGIN_SPREAD_MS = 4_000
/** Time that stanzas under way have to be handled when a client says goodbye. */
const CLOSING_MS = 10_000
const STREAM_ID_BYTES = 16

/** Who is told of a stream. */
export interface ClientStreamInit {
  readonly onBound: () => void
  readonly onClosed: () => void
}

/** One stream of a client (RFC 6120 §4): header, stages, end. */
export class ClientStream implements StreamControl {
  readonly connection: ClientConnection
  claimedAccount: string | undefined
  language: string | undefined
  login: Login | undefined
  readonly #parts: StreamParts
  readonly #init: ClientStreamInit
  readonly #framing: StreamFraming
  readonly #watch: WriteWatch
  readonly #reader: StreamReader
  #stage: StreamStage
  #session: AttachedSession | undefined
  #keepAlive: KeepAlive | undefined
  #loginTimer: Timer | undefined
  #closingTimer: Timer | undefined
  #hasSentHeader = false
  /** The client has said goodbye. */
  #isGraceful = false
  #isClosing = false

  constructor(connection: ClientConnection, parts: StreamParts, init: ClientStreamInit) {
    this.connection = connection
    this.#parts = parts
    this.#init = init
    this.#framing =
      connection.transport === 'websocket' ? new WebsocketFraming(LOGIN_XML_LIMITS) : new TcpFraming(LOGIN_XML_LIMITS)
    this.#watch = new WriteWatch(connection, parts.clock, () => this.#giveUp('The client does not read.'))
    this.#reader = new StreamReader({
      connection,
      clock: parts.clock,
      readOne: () => this.#readOne(),
      mayRead: () => !this.#watch.isFull && this.#session?.isBusy !== true,
    })
    this.#stage = new LoginStage(this, parts)
  }

  start(): void {
    const { clock, random } = this.#parts
    const delayMs = LOGIN_MS - random.uniform(LOGIN_SPREAD_MS)
    this.#loginTimer = clock.schedule(delayMs, () => this.#giveUp('Login took too long.'))
    this.connection.open({
      data: (data) => this.#data(data),
      drained: () => this.#drained(),
      closed: () => this.#closed(),
    })
  }

  get isDrained(): boolean {
    return this.#watch.isEmpty
  }

  get isFull(): boolean {
    return this.#watch.isFull
  }

  send(element: Element): void {
    this.#write(this.#framing.write(element))
  }

  sendStanza(text: string): void {
    this.#write(this.#framing.stanza(text))
  }

  hold(): () => void {
    return this.#reader.hold()
  }

  attempt(action: () => void): void {
    if (!this.#isClosing) {
      this.#guard(action)
    }
  }

  proceed(): void {
    this.#reader.read()
  }

  discard(): boolean {
    return this.#framing.discard()
  }

  restart(stage: StreamStage): void {
    this.#framing.restart()
    this.#hasSentHeader = false
    this.#stage = stage
  }

  enter(stage: StreamStage): void {
    this.#stage = stage
  }

  loggedIn(login: Login): void {
    this.login = login
    this.connection.loggedIn()
    this.#framing.setLimits(CLIENT_XML_LIMITS)
  }

  bound(session: AttachedSession): void {
    this.#session = session
    this.#loginTimer?.cancel()
    this.#keepAlive = new KeepAlive({
      clock: this.#parts.clock,
      probe: () => this.#probe(),
      gone: () => this.#giveUp('The client does not answer.'),
    })
    this.#init.onBound()
  }

  expectAnswer(): void {
    this.#keepAlive?.expectAnswer()
  }

  fail(error: StreamError): void {
    if (this.#isClosing) {
      return
    }
    this.#parts.logger.debug('stream error', { condition: error.condition })
    // RFC 6120 §4.9.1.2: an error needs a stream in which it stands.
    this.#sendHeader(undefined)
    this.send(error.toElement())
    this.#close()
  }

  #data(data: Uint8Array | string): void {
    this.#keepAlive?.heard()
    if (this.#isClosing) {
      return
    }
    this.#guard(() => this.#framing.push(data))
    this.#reader.read()
  }

  #readOne(): boolean {
    return this.#guard(() => {
      const event = this.#framing.next()
      if (event !== undefined) {
        this.#take(event)
      }
      return event !== undefined
    })
  }

  /** Turns what is thrown into the stream error that the client gets. */
  #guard(action: () => unknown): boolean {
    try {
      return action() === true
    } catch (error) {
      this.fail(this.#streamErrorOf(error))
      return false
    }
  }

  #streamErrorOf(error: unknown): StreamError {
    if (error instanceof StreamError) {
      return error
    }
    if (error instanceof XmlError) {
      // Other messages quote the client.
      return new StreamError(error.condition, error.condition === 'policy-violation' ? error.message : undefined)
    }
    this.#parts.logger.error('a stream failed', { reason: error instanceof Error ? error.message : 'unknown' })
    return new StreamError('internal-server-error')
  }

  #take(event: StreamEvent): void {
    switch (event.type) {
      case 'header':
        this.#takeHeader(event.header)
        break
      case 'element':
        this.#stage.take(event.element)
        break
      case 'end':
        this.#takeEnd()
        break
    }
  }

  #takeHeader(header: StreamHeader): void {
    const from = checkHeader(header)
    this.language = languageOf(header.element)
    this.claimedAccount = from === undefined ? undefined : this.#parts.users.accountOfJid(from.bare().toString())
    if (this.login !== undefined && from !== undefined && this.claimedAccount !== this.login.account) {
      throw new StreamError('invalid-from')
    }
    this.#sendHeader(from?.toString())
    this.send(this.#stage.features())
  }

  #sendHeader(to: string | undefined): void {
    if (!this.#hasSentHeader) {
      this.#hasSentHeader = true
      const id = toHex(this.#parts.random.bytes(STREAM_ID_BYTES))
      this.#write(this.#framing.header({ id, from: SERVER_DOMAIN, to }))
    }
  }

  /** RFC 6120 §4.4: the client closes; what it has sent is handled before we do. */
  #takeEnd(): void {
    this.#isGraceful = true
    const release = this.hold()
    const session = this.#session
    const finish = (): void => {
      this.#sendHeader(undefined)
      this.#close()
      release()
    }
    if (session === undefined) {
      finish()
      return
    }
    this.#closingTimer = this.#parts.clock.schedule(CLOSING_MS, finish)
    session.whenIdle(finish)
  }

  #close(): void {
    if (this.#isClosing) {
      return
    }
    this.#isClosing = true
    this.#framing.discard()
    this.#stopAll()
    this.connection.write(this.#framing.footer())
    this.connection.end()
    this.#session?.detach(this, this.#isGraceful)
  }

  /** The client is there no more, or not able to go on; its session may be resumed. */
  #giveUp(text: string): void {
    this.fail(new StreamError('connection-timeout', text))
  }

  #probe(): void {
    if (this.#session?.probe() !== true && this.connection.transport !== 'websocket') {
      // RFC 6120 §4.6.1: white space; TCP will tell if nobody is there. A WebSocket has pings of its own (RFC 6455 §5.5.2).
      this.#write(' ')
    }
  }

  #write(text: string): void {
    if (this.#isClosing) {
      return
    }
    this.connection.write(text)
    this.#watch.wrote(text)
  }

  #drained(): void {
    this.#watch.drained()
    this.#session?.drained()
    this.#reader.read()
  }

  #closed(): void {
    this.#isClosing = true
    this.#stopAll()
    this.#session?.detach(this, this.#isGraceful)
    this.#init.onClosed()
  }

  #stopAll(): void {
    this.#loginTimer?.cancel()
    this.#reader.stop()
    this.#closingTimer?.cancel()
    this.#keepAlive?.stop()
    this.#watch.stop()
  }
}
