import type {
  ClientConnection,
  ClientConnectionHandlers,
  ClientTransport,
  TlsSecurity,
} from '../../src/system/client-connection.ts'
import { assert } from '../../src/util/assert.ts'

/** What a client in memory is to look like from the node's side. */
export interface MemoryClientInit {
  /** @default 'tcp' */
  readonly transport?: ClientTransport
  /** @default true */
  readonly isLocal?: boolean
  /** @default undefined */
  readonly webBase?: string
  /** TLS from the first byte on (direct TLS, `wss:`). @default in clear */
  readonly tls?: TlsSecurity
  /** TLS that `startTls` brings; `canStartTls` is true then. @default no certificate */
  readonly startTls?: TlsSecurity
}

/** TLS 1.3 with made-up channel bindings, for `tls` and `startTls` of a memory client. */
export const MEMORY_TLS: TlsSecurity = {
  version: 'TLSv1.3',
  channelBindings: new Map([
    ['tls-exporter', new Uint8Array(32).fill(1)],
    ['tls-server-end-point', new Uint8Array(32).fill(2)],
  ]),
}

/**
 * The client's end of a connection without sockets: `connection` goes to the code under test, the rest is the client.
 * What either side sends arrives in a later microtask; there are no timers, so `end` with unsent bytes waits for
 * `flow()` or `expire()`.
 */
export class MemoryClient {
  readonly connection: ClientConnection
  readonly #wire: MemoryWire

  constructor(init: MemoryClientInit = {}) {
    this.#wire = new MemoryWire(init)
    this.connection = this.#wire
  }

  /** Sends bytes, or one frame of a WebSocket. While a TLS handshake is going on it waits for its end. */
  send(data: Uint8Array | string): void {
    this.#wire.arrive(data, false)
  }

  /** Sends behind `<starttls/>` without waiting for the handshake, as an attacker in between would: it breaks it. */
  sendInClear(data: Uint8Array | string): void {
    this.#wire.arrive(data, true)
  }

  /** Everything that was written and has left, a write (a frame) each. */
  get received(): readonly string[] {
    return this.#wire.received
  }

  /** What has arrived since the last call, joined. */
  take(): string {
    return this.#wire.take()
  }

  /**
   * Resolves with what has arrived since the last `take` or `until` as soon as that contains `wanted`; rejects when the
   * connection closes before.
   */
  until(wanted: string | RegExp): Promise<string> {
    return this.#wire.until(wanted)
  }

  /** Closes from the client's side. */
  close(): void {
    this.#wire.shut()
  }

  /** Resolves when the connection is closed, whoever did it. */
  get closed(): Promise<void> {
    return this.#wire.whenClosed
  }

  get isClosed(): boolean {
    return this.#wire.isShut
  }

  /** Whether the node has told the connection that its client has logged in. */
  get isLoggedIn(): boolean {
    return this.#wire.isLoggedIn
  }

  /** Whether the node has asked for no more data. */
  get isPaused(): boolean {
    return this.#wire.isPaused
  }

  /** The client reads nothing from now on: `bufferedBytes` grows. */
  stall(): void {
    this.#wire.stall()
  }

  /** The client reads again. */
  flow(): void {
    this.#wire.flow()
  }

  /** The time of `end` (2 s) is over. */
  expire(): void {
    this.#wire.expire()
  }

  /** The next `startTls` fails. */
  failHandshake(): void {
    this.#wire.handshakeFails = true
  }
}

interface Waiter {
  readonly wanted: string | RegExp
  readonly resolve: (text: string) => void
  readonly reject: (error: Error) => void
}

/** The node's end, and the line in between. */
class MemoryWire implements ClientConnection {
  readonly transport: ClientTransport
  readonly isLocal: boolean
  readonly webBase: string | undefined
  readonly received: string[] = []
  readonly whenClosed: Promise<void>
  handshakeFails = false
  isPaused = false
  isShut = false
  isLoggedIn = false
  readonly #startTls: TlsSecurity | undefined
  #tls: TlsSecurity | undefined
  #handlers: ClientConnectionHandlers | undefined
  #incoming: (Uint8Array | string)[] = []
  #outgoing: string[] = []
  #taken = 0
  #waiters: Waiter[] = []
  #isStalled = false
  #isEnding = false
  #isHandshaking = false
  #isInjected = false
  #isPumping = false
  #isDraining = false
  #close: () => void = () => {}

  constructor(init: MemoryClientInit) {
    this.transport = init.transport ?? 'tcp'
    this.isLocal = init.isLocal ?? true
    this.webBase = init.webBase
    this.#tls = init.tls
    this.#startTls = init.startTls
    this.whenClosed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  tls(): TlsSecurity | undefined {
    return this.#tls
  }

  get canStartTls(): boolean {
    return this.transport === 'tcp' && this.#tls === undefined && !this.#isHandshaking && this.#startTls !== undefined
  }

  get bufferedBytes(): number {
    return this.#outgoing.reduce((bytes, text) => bytes + new TextEncoder().encode(text).byteLength, 0)
  }

  open(handlers: ClientConnectionHandlers): void {
    assert(this.#handlers === undefined, 'a connection is opened once')
    this.#handlers = handlers
    this.#pump()
    if (this.isShut) {
      queueMicrotask(() => handlers.closed())
    }
  }

  write(text: string): void {
    if (this.isShut || this.#isEnding) {
      return
    }
    this.#outgoing.push(text)
    if (!this.#isStalled && !this.#isHandshaking) {
      this.#leave()
      this.#tellDrained()
    }
  }

  loggedIn(): void {
    this.isLoggedIn = true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.#pump()
  }

  async startTls(): Promise<void> {
    assert(this.canStartTls, 'startTls where it cannot be')
    this.#isHandshaking = true
    const injected = this.#incoming.length > 0
    await Promise.resolve()
    if (injected || this.#isInjected || this.handshakeFails || this.isShut) {
      this.shut()
      throw new Error('the TLS handshake failed')
    }
    this.#isHandshaking = false
    this.#tls = this.#startTls
    this.#leave()
    this.#pump()
  }

  end(): void {
    this.#isEnding = true
    this.#incoming = []
    if (this.#outgoing.length === 0 || this.#isHandshaking) {
      this.shut()
    }
  }

  destroy(): void {
    this.shut()
  }

  arrive(data: Uint8Array | string, injected: boolean): void {
    if (this.isShut || this.#isEnding) {
      return
    }
    assert(this.transport === 'websocket' || !injected || this.#startTls !== undefined, 'injection needs STARTTLS')
    this.#isInjected ||= injected && this.#isHandshaking
    this.#incoming.push(this.transport === 'websocket' || typeof data !== 'string' ? data : encode(data))
    this.#pump()
  }

  take(): string {
    const text = this.received.slice(this.#taken).join('')
    this.#taken = this.received.length
    return text
  }

  until(wanted: string | RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ wanted, resolve, reject })
      this.#wake()
    })
  }

  stall(): void {
    this.#isStalled = true
  }

  flow(): void {
    this.#isStalled = false
    if (this.#outgoing.length > 0) {
      this.#leave()
      this.#tellDrained()
    }
  }

  expire(): void {
    if (this.#isEnding) {
      this.shut()
    }
  }

  shut(): void {
    if (this.isShut) {
      return
    }
    this.isShut = true
    this.#incoming = []
    this.#outgoing = []
    const handlers = this.#handlers
    queueMicrotask(() => handlers?.closed())
    this.#close()
    this.#wake()
  }

  #leave(): void {
    this.received.push(...this.#outgoing)
    this.#outgoing = []
    this.#wake()
    if (this.#isEnding) {
      this.shut()
    }
  }

  #tellDrained(): void {
    if (!this.#isDraining) {
      this.#isDraining = true
      queueMicrotask(() => {
        this.#isDraining = false
        if (!this.isShut && this.#outgoing.length === 0) {
          this.#handlers?.drained()
        }
      })
    }
  }

  #wake(): void {
    while (this.#waiters[0] !== undefined) {
      const { wanted, resolve, reject } = this.#waiters[0]
      const text = this.received.slice(this.#taken).join('')
      if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) {
        resolve(this.take())
      } else if (this.isShut) {
        reject(new Error(`closed before ${String(wanted)} came, after: ${text}`))
      } else {
        return
      }
      this.#waiters.shift()
    }
  }

  #pump(): void {
    if (this.#isPumping) {
      return
    }
    this.#isPumping = true
    queueMicrotask(() => {
      this.#isPumping = false
      const handlers = this.#handlers
      if (handlers === undefined || this.isPaused || this.isShut || this.#isHandshaking) {
        return
      }
      const data = this.#incoming.shift()
      if (data !== undefined) {
        handlers.data(data)
        this.#pump()
      }
    })
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
