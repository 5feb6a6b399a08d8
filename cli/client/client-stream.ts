import { createConnection, type Socket } from 'node:net'
import { type Element, element, NS_CLIENT, StanzaError, StreamParser, serialize } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'

const NS_STREAM = 'http://etherx.jabber.org/streams'
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind'

/** RFC 6120 §4.7; on the socket of a home the domain is always the same. */
const STREAM_HEADER = `<?xml version='1.0'?><stream:stream xmlns='${NS_CLIENT}' xmlns:stream='${NS_STREAM}' to='id.internal' version='1.0'>`

/** Of what the own node sends; its roster and archive come in single elements. */
const NODE_LIMITS = {
  maxBytes: 16_777_216,
  maxDepth: 128,
  maxAttributes: 64,
  maxElements: 1_048_576,
  maxNameLength: 256,
}

/** An XMPP stream to the node over the Unix socket of its home; whoever may open that is the owner. */
export class ClientStream {
  readonly #socket: Socket
  #parser = new StreamParser(NODE_LIMITS)
  #take: (element: Element) => void = () => {}
  readonly #closed: Promise<void>

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /** Rejects as the system does when nobody listens there. */
  static connect(path: string): Promise<ClientStream> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        resolve(new ClientStream(socket))
      })
    })
  }

  /** Resolves when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  /**
   * Logs in as the owner and binds a resource; resolves with the full JID.
   *
   * @throws CliError
   */
  async logIn(): Promise<string> {
    await this.#open()
    // RFC 4422 appendix A: EXTERNAL without an authorization identity; the socket says who we are.
    const auth = element('auth', NS_SASL, { mechanism: 'EXTERNAL' }, ['='])
    const outcome = await this.#ask(auth)
    if (outcome.name !== 'success') {
      throw refused(outcome.elements()[0]?.name ?? 'not-authorized')
    }
    this.#parser = new StreamParser(NODE_LIMITS)
    await this.#open()
    const bound = await this.#ask(element('iq', NS_CLIENT, { type: 'set', id: 'bind' }, [element('bind', NS_BIND)]))
    const jid = bound.child('bind', NS_BIND)?.child('jid')?.text()
    if (jid === undefined) {
      const error = bound.child('error')
      throw refused(error === undefined ? 'bind' : StanzaError.fromElement(error).condition)
    }
    return jid
  }

  /** Calls `take` with every element that comes from now on. */
  onElement(take: (element: Element) => void): void {
    this.#take = take
  }

  /** False if the connection is gone. */
  send(stanza: Element): boolean {
    if (!this.#socket.writable) {
      return false
    }
    this.#socket.write(serialize(stanza, NS_CLIENT))
    return true
  }

  close(): void {
    if (this.#socket.writable) {
      this.#socket.end('</stream:stream>')
    }
    this.#socket.destroySoon()
  }

  /** RFC 6120 §4.3.2: header out, features in. */
  async #open(): Promise<void> {
    await this.#next(() => this.#socket.write(STREAM_HEADER))
  }

  async #ask(question: Element): Promise<Element> {
    return await this.#next(() => this.send(question))
  }

  async #next(ask: () => void): Promise<Element> {
    const answer = new Promise<Element>((resolve) => {
      this.#take = resolve
    })
    ask()
    const gone = this.#closed.then(() => {
      throw refused('the connection was closed')
    })
    return await Promise.race([answer, gone])
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#parser.push(chunk)
      for (let event = this.#parser.next(); event !== undefined; event = this.#parser.next()) {
        if (event.type === 'end' || (event.type === 'element' && isStreamError(event.element))) {
          this.#socket.destroySoon()
          return
        }
        if (event.type === 'element') {
          this.#take(event.element)
        }
      }
    } catch {
      this.#socket.destroy()
    }
  }
}

function isStreamError({ name, namespace }: Element): boolean {
  return name === 'error' && namespace === NS_STREAM
}

function refused(why: string): CliError {
  return new CliError(EXIT_CODES.failed, 'no-node', `the node refused this command: ${why}`)
}
