import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Element } from '../../../src/xml/element.ts'
import { StreamParser } from '../../../src/xml/stream-parser.ts'
import { DEFAULT_XML_LIMITS } from '../../../src/xml/xml-limits.ts'
import { connectSecurely, connectSocket } from '../../support/client-sockets.ts'

/** What a test waits for any one answer. */
const PATIENCE_MS = 20_000
const LIMITS = { ...DEFAULT_XML_LIMITS, maxBytes: 4_194_304, maxDepth: 128, maxAttributes: 256, maxElements: 65_536 }
const SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
export const SM = "xmlns='urn:xmpp:sm:3'"
export const HEADER =
  "<?xml version='1.0'?><stream:stream to='id.internal' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

/** A client without manners, which says whatever it is told to; what it hears goes through a strict parser. */
export class HostileClient {
  readonly socket: Socket
  /** Everything the server said inside of its streams, in order. */
  readonly heard: Element[] = []
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  /** What the server wrote that is no XML stream. */
  malformed: string | undefined
  isClosed = false
  jid = ''
  /** Answers requests to acknowledge (XEP-0198). */
  acknowledges = false
  /** Stanzas that came since stream management was switched on. */
  stanzas = 0
  #taken = 0
  #wake: () => void = () => {}
  readonly #parser = new StreamParser(LIMITS)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true
        this.#wake()
        resolve()
      })
    })
  }

  static async connect(port: number): Promise<HostileClient> {
    return new HostileClient(await connectSocket({ host: '127.0.0.1', port, noDelay: true }))
  }

  static async connectTls(port: number): Promise<HostileClient> {
    return new HostileClient(await connectSecurely({ host: '127.0.0.1', port, rejectUnauthorized: false }))
  }

  /** Connected, logged in with PLAIN, bound, and with initial presence if `presence` is given. */
  static async login(port: number, user: string, options: LoginOptions = {}): Promise<HostileClient> {
    const client = await HostileClient.connect(port)
    await client.authenticate(user, options.password ?? passwordOf(user))
    await client.bind(options.resource)
    if (options.presence !== undefined) {
      client.send(options.presence)
      const isOwn = (element: Element): boolean =>
        element.name === 'presence' && element.attribute('from') === client.jid
      await client.next('own presence', isOwn)
    }
    return client
  }

  get tls(): TLSSocket {
    return this.socket as TLSSocket
  }

  send(data: string | Uint8Array): void {
    if (!this.socket.destroyed) {
      this.socket.write(data)
    }
  }

  /** Opens a stream and gives its features. */
  async open(): Promise<Element> {
    this.send(HEADER)
    return await this.next('features', ({ name }) => name === 'features')
  }

  async authenticate(user: string, password: string): Promise<void> {
    await this.open()
    const answer = await this.plain(`\0${user}\0${password}`)
    if (answer.name !== 'success') {
      throw new Error(`no login for ${user}: ${answer.elements()[0]?.name}`)
    }
    await this.open()
  }

  /** What a PLAIN message is answered. */
  async plain(message: string): Promise<Element> {
    return await this.sasl('PLAIN', Buffer.from(message).toString('base64'))
  }

  /** What the beginning of a SASL exchange is answered. */
  async sasl(mechanism: string, initialResponse: string): Promise<Element> {
    this.send(`<auth ${SASL} mechanism='${mechanism}'>${initialResponse}</auth>`)
    return await this.#saslAnswer()
  }

  async respond(response: string): Promise<Element> {
    this.send(`<response ${SASL}>${response}</response>`)
    return await this.#saslAnswer()
  }

  async bind(resource?: string): Promise<void> {
    const wanted = resource === undefined ? '' : `<resource>${resource}</resource>`
    const result = await this.request('set', `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${wanted}</bind>`)
    this.jid = result.elements()[0]?.child('jid')?.text() ?? ''
  }

  /** Stream management with resumption; gives the id of the session. */
  async manage(): Promise<string> {
    this.send(`<enable ${SM} resume='true'/>`)
    const enabled = await this.next('enabled', ({ name }) => name === 'enabled')
    this.acknowledges = true
    return enabled.attribute('id') ?? ''
  }

  /** Sends an iq and gives its answer, result or error. */
  async request(type: 'get' | 'set', payload: string, attributes = ''): Promise<Element> {
    const id = `q${nextId()}`
    this.send(`<iq type='${type}' id='${id}' ${attributes}>${payload}</iq>`)
    return await this.next(`answer to ${payload.slice(0, 80)}`, (e) => e.name === 'iq' && e.attribute('id') === id)
  }

  /** A round trip through the server, in milliseconds; everything before it has come. */
  async ping(): Promise<number> {
    const startMs = performance.now()
    await this.request('get', "<ping xmlns='urn:xmpp:ping'/>")
    return performance.now() - startMs
  }

  /** The first element, of those that `next` has not gone past, for which the predicate holds. */
  async next(what: string, matches: (element: Element) => boolean, patienceMs: number = PATIENCE_MS): Promise<Element> {
    const untilMs = performance.now() + patienceMs
    for (;;) {
      while (this.#taken < this.heard.length) {
        const element = this.heard[this.#taken++] as Element
        if (matches(element)) {
          return element
        }
      }
      if (this.isClosed || this.malformed !== undefined) {
        throw new Error(`${what} did not come: ${this.malformed ?? `closed${this.#ending()}`}`)
      }
      await this.#change(untilMs, what)
    }
  }

  /** The condition of the stream error with which the server ends this stream; `closed` if it only closes. */
  async ending(patienceMs: number = PATIENCE_MS): Promise<string> {
    const timer = setTimeout(() => this.socket.destroy(new Error('not closed in time')), patienceMs)
    const startMs = performance.now()
    await this.closed
    clearTimeout(timer)
    if (performance.now() - startMs >= patienceMs) {
      return 'not closed'
    }
    return this.streamError ?? (this.malformed === undefined ? 'closed' : `malformed: ${this.malformed}`)
  }

  get streamError(): string | undefined {
    const error = this.heard.find(({ name, namespace }) => name === 'error' && namespace.endsWith('/streams'))
    return error?.elements()[0]?.name
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Ends the stream in good order. */
  async end(): Promise<void> {
    this.send('</stream:stream>')
    await this.closed
  }

  async #saslAnswer(): Promise<Element> {
    const names = ['success', 'failure', 'challenge']
    return await this.next('an answer of SASL', (e) => names.includes(e.name) && e.namespace.endsWith('xmpp-sasl'))
  }

  #ending(): string {
    return this.streamError === undefined ? '' : ` with ${this.streamError}`
  }

  async #change(untilMs: number, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(
      () => reject(new Error(`${what} did not come in time`)),
      Math.max(0, untilMs - performance.now()),
    )
    this.#wake = resolve
    await promise.finally(() => clearTimeout(timer))
  }

  #take(bytes: Uint8Array): void {
    try {
      this.#parser.push(bytes)
      for (let event = this.#parser.next(); event !== undefined; event = this.#parser.next()) {
        if (event.type === 'element') {
          this.#hear(event.element)
        }
      }
    } catch (error) {
      this.malformed ??= error instanceof Error ? error.message : String(error)
    }
    this.#wake()
  }

  #hear(element: Element): void {
    this.heard.push(element)
    if (element.name === 'success' || element.name === 'proceed') {
      this.#parser.restart()
    } else if (element.namespace === 'jabber:client') {
      this.stanzas += this.acknowledges ? 1 : 0
    } else if (element.name === 'r' && this.acknowledges) {
      this.send(`<a ${SM} h='${this.stanzas}'/>`)
    }
  }
}

interface LoginOptions {
  readonly password?: string
  readonly resource?: string
  readonly presence?: string
}

/** Of the accounts of these tests. */
export function passwordOf(user: string): string {
  return `secret-of-${user}`
}

let ids = 0
function nextId(): number {
  ids += 1
  return ids
}
