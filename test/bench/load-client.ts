import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'

const DOMAIN = 'id.internal'
const LOGIN_LIMIT_MS = 60_000

/** How a load client logs in. */
export interface LoadLogin {
  readonly host: string
  /** Localpart. */
  readonly user: string
  readonly password: string
  readonly mechanism: 'SCRAM-SHA-1' | 'PLAIN'
}

/**
 * An XMPP client for measurements: no parser, no TLS, hardly any work, so that what is measured is the server. Takes
 * stanzas for granted that a server writes in the usual way.
 */
export class LoadClient {
  readonly #socket: Socket
  #text = ''
  #wake: () => void = () => {}
  #error: Error | undefined
  jid = ''
  /** Called with each whole message once the client is bound; everything else is thrown away. */
  onMessage: ((message: string) => void) | undefined

  private constructor(host: string) {
    this.#socket = createConnection({ host, port: 5222, noDelay: true })
    this.#socket.setEncoding('utf8')
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server has closed the stream')))
  }

  /** Connects, logs in, binds. */
  static async login({ host, user, password, mechanism }: LoadLogin): Promise<LoadClient> {
    const client = new LoadClient(host)
    await client.#openStream()
    await (mechanism === 'PLAIN' ? client.#plain(user, password) : client.#scram(user, password))
    await client.#openStream()
    const bind = `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`
    const bound = await client.request(bind, /<jid>([^<]+)<\/jid>/u)
    client.jid = bound[1] ?? ''
    return client
  }

  write(xml: string): void {
    this.#socket.write(xml)
  }

  /** Writes and waits until the answer fits; what came until then is forgotten. */
  async request(xml: string, answer: RegExp): Promise<RegExpMatchArray> {
    this.write(xml)
    return await this.wait(answer)
  }

  /** Waits for text that has come or will, while no `onMessage` is set. */
  async wait(expected: RegExp): Promise<RegExpMatchArray> {
    const timer = setTimeout(
      () => this.#fail(new Error(`no ${expected} in: ${this.#text.slice(-500)}`)),
      LOGIN_LIMIT_MS,
    )
    try {
      for (;;) {
        const match = expected.exec(this.#text)
        if (match !== null) {
          this.#text = this.#text.slice(match.index + match[0].length)
          return match
        }
        if (this.#error !== undefined) {
          throw this.#error
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the stream and waits until the server has closed its side. */
  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.#socket.end('</stream:stream>')
    await closed
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async #openStream(): Promise<void> {
    const header = `<?xml version='1.0'?><stream:stream to='${DOMAIN}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
    await this.request(header, /<\/stream:features>/u)
  }

  async #plain(user: string, password: string): Promise<void> {
    const response = Buffer.from(`\0${user}\0${password}`).toString('base64')
    const xmlns = 'urn:ietf:params:xml:ns:xmpp-sasl'
    await this.request(`<auth xmlns='${xmlns}' mechanism='PLAIN'>${response}</auth>`, /<success[^>]*>/u)
  }

  /** RFC 5802 without channel binding; the server's signature is not checked. */
  async #scram(user: string, password: string): Promise<void> {
    const xmlns = 'urn:ietf:params:xml:ns:xmpp-sasl'
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    const first = `n=${user},r=${randomBytes(18).toString('base64')}`
    const auth = `<auth xmlns='${xmlns}' mechanism='SCRAM-SHA-1'>${base64(`n,,${first}`)}</auth>`
    const [, answer = ''] = await this.request(auth, /<challenge[^>]*>([^<]+)<\/challenge>/u)
    const challenge = Buffer.from(answer, 'base64').toString()
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/u.exec(challenge) ?? []
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 20, 'sha1')
    const clientKey = createHmac('sha1', salted).update('Client Key').digest()
    const storedKey = createHash('sha1').update(clientKey).digest()
    const last = `c=biws,r=${nonce}`
    const signature = createHmac('sha1', storedKey).update(`${first},${challenge},${last}`).digest()
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))).toString('base64')
    await this.request(`<response xmlns='${xmlns}'>${base64(`${last},p=${proof}`)}</response>`, /<success[^>]*>/u)
  }

  #take(text: string): void {
    this.#text += text
    const { onMessage } = this
    if (onMessage === undefined) {
      this.#wake()
      return
    }
    const end = '</message>'
    let from = 0
    for (let at = this.#text.indexOf(end); at !== -1; at = this.#text.indexOf(end, from)) {
      onMessage(this.#text.slice(from, at))
      from = at + end.length
    }
    this.#text = this.#text.slice(from)
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }
}
