import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { ClientConnection, ClientConnectionHandlers, TlsSecurity } from '../system/client-connection.ts'
import { assert } from '../util/assert.ts'
import { EARLY_FRAME_MAX_BYTES, END_TIMEOUT_MS, FRAME_MAX_BYTES, READ_MAX_BYTES } from './client-limits.ts'

/** Status codes of RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000
const PROTOCOL_ERROR = 1002
const UNSUPPORTED_DATA = 1003
const MESSAGE_TOO_BIG = 1009

/** What a connection of text frames is made of. */
export interface WebSocketConnectionInit {
  readonly isLocal: boolean
  readonly webBase: string
  /** What TLS there is under it. */
  readonly tls: () => TlsSecurity | undefined
}

/** An XMPP client on a WebSocket (RFC 7395): every text frame is one text, binary frames are refused. */
export class WebSocketConnection implements ClientConnection {
  readonly transport = 'websocket'
  readonly isLocal: boolean
  readonly webBase: string
  readonly canStartTls = false
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #tls: () => TlsSecurity | undefined
  #handlers: ClientConnectionHandlers | undefined
  /** Frames that came out of what was read before `pause`. */
  #held: string[] = []
  #unfinishedBytes = 0
  #frameBytesMax = EARLY_FRAME_MAX_BYTES
  #isPaused = true
  #isEnding = false
  #isClosed = false
  #turn: NodeJS.Immediate | undefined
  #endTimer: NodeJS.Timeout | undefined

  constructor(webSocket: WebSocket, socket: Duplex, init: WebSocketConnectionInit) {
    this.isLocal = init.isLocal
    this.webBase = init.webBase
    this.#tls = init.tls
    this.#webSocket = webSocket
    this.#socket = socket
    webSocket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary))
    webSocket.on('error', () => this.#closeWith(PROTOCOL_ERROR))
    webSocket.on('close', () => this.#close())
    // After the listener of the library, so that a frame that ends in this chunk is not counted any more.
    socket.on('data', (chunk: Uint8Array) => this.#count(chunk.byteLength))
    webSocket.pause()
  }

  tls(): TlsSecurity | undefined {
    return this.#isClosed ? undefined : this.#tls()
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#webSocket.bufferedAmount
  }

  open(handlers: ClientConnectionHandlers): void {
    assert(this.#handlers === undefined, 'a connection is opened once')
    this.#handlers = handlers
    if (this.#isClosed) {
      queueMicrotask(() => handlers.closed())
    } else {
      this.resume()
    }
  }

  write(text: string): void {
    if (this.#isClosed || this.#isEnding) {
      return
    }
    if (this.#turn === undefined) {
      this.#socket.cork()
      this.#turn = setImmediate(() => this.#uncork())
    }
    // As bytes, so that they are counted as bytes while they wait.
    this.#webSocket.send(Buffer.from(text), { binary: false }, this.#onWritten)
  }

  loggedIn(): void {
    this.#frameBytesMax = FRAME_MAX_BYTES
  }

  pause(): void {
    this.#isPaused = true
    this.#webSocket.pause()
  }

  resume(): void {
    if (this.#handlers !== undefined && this.#isPaused) {
      this.#isPaused = false
      this.#webSocket.resume()
      queueMicrotask(() => this.#deliver())
    }
  }

  startTls(): Promise<void> {
    // RFC 7395 §3.9: TLS is the business of the WebSocket.
    return Promise.reject(new Error('there is no STARTTLS on a WebSocket'))
  }

  end(): void {
    if (!this.#isClosed && !this.#isEnding) {
      this.#closeWith(NORMAL_CLOSURE)
    }
  }

  destroy(): void {
    this.#isEnding = true
    this.#webSocket.terminate()
  }

  /** Says goodbye (RFC 6455 §7.1.2), and hears the other side's for two seconds. */
  #closeWith(code: number): void {
    this.#isEnding = true
    this.#held = []
    this.#uncork()
    this.#webSocket.resume()
    this.#webSocket.close(code)
    this.#endTimer ??= setTimeout(() => this.#webSocket.terminate(), END_TIMEOUT_MS)
  }

  #take(data: Buffer, isBinary: boolean): void {
    this.#unfinishedBytes = 0
    if (this.#isEnding) {
      return
    }
    if (isBinary) {
      // RFC 7395 §3.2: data frames must be text.
      this.#closeWith(UNSUPPORTED_DATA)
    } else if (data.byteLength > this.#frameBytesMax) {
      this.#closeWith(MESSAGE_TOO_BIG)
    } else {
      this.#held.push(data.toString())
      this.#deliver()
    }
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isEnding) {
      const text = this.#held.shift()
      if (text === undefined) {
        return
      }
      this.#handlers?.data(text)
    }
  }

  /** Bytes of a frame that has not ended are in the memory of the library; with them others of the same read. */
  #count(bytes: number): void {
    this.#unfinishedBytes += bytes
    if (this.#unfinishedBytes > this.#frameBytesMax + (this.#frameBytesMax < READ_MAX_BYTES ? 0 : READ_MAX_BYTES)) {
      this.destroy()
    }
  }

  #uncork(): void {
    if (this.#turn !== undefined) {
      clearImmediate(this.#turn)
      this.#turn = undefined
      this.#socket.uncork()
    }
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (!error && !this.#isClosed && !this.#isEnding && this.bufferedBytes === 0) {
      this.#handlers?.drained()
    }
  }

  #close(): void {
    this.#isClosed = true
    this.#isEnding = true
    this.#held = []
    clearTimeout(this.#endTimer)
    clearImmediate(this.#turn)
    this.#handlers?.closed()
  }
}
