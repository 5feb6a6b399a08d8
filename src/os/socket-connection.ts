import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type {
  ClientConnection,
  ClientConnectionHandlers,
  ClientTransport,
  TlsSecurity,
} from '../system/client-connection.ts'
import { assert } from '../util/assert.ts'
import { END_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS } from './client-limits.ts'
import { handshake, type TlsServer } from './tls-handshake.ts'
import { describeTls } from './tls-security.ts'
import { WriteBatch } from './write-batch.ts'

/** What a connection of bytes is made of. */
export interface SocketConnectionInit {
  readonly transport: Exclude<ClientTransport, 'websocket'>
  readonly isLocal: boolean
  readonly webBase: string | undefined
  /** For `startTls`, and of the TLS that is there already. @default none */
  readonly tls?: TlsServer | undefined
}

/** An XMPP client on a socket: TCP in clear, TCP that is upgraded (RFC 6120 §5), direct TLS (XEP-0368) or Unix. */
export class SocketConnection implements ClientConnection {
  readonly transport: Exclude<ClientTransport, 'websocket'>
  readonly isLocal: boolean
  readonly webBase: string | undefined
  readonly #server: TlsServer | undefined
  readonly #batch: WriteBatch
  #socket: Socket
  #handlers: ClientConnectionHandlers | undefined
  #isHandshaking = false
  #isPaused = false
  #isEnding = false
  #isClosed = false
  #endTimer: NodeJS.Timeout | undefined

  constructor(socket: Socket, init: SocketConnectionInit) {
    this.transport = init.transport
    this.isLocal = init.isLocal
    this.webBase = init.webBase
    this.#server = init.tls
    this.#socket = socket
    this.#batch = new WriteBatch((bytes) => this.#socket.write(bytes, this.#onWritten))
    this.#attach(socket)
  }

  tls(): TlsSecurity | undefined {
    return this.#socket instanceof TLSSocket && this.#server !== undefined && !this.#isClosed
      ? describeTls(this.#socket, this.#server.certificate.der)
      : undefined
  }

  /** Whether bytes go over the line unprotected. */
  get isClear(): boolean {
    return !(this.#socket instanceof TLSSocket)
  }

  get canStartTls(): boolean {
    return this.#server !== undefined && this.isClear && !this.#isHandshaking
  }

  get bufferedBytes(): number {
    return this.#isClosed ? 0 : this.#batch.bytes + this.#socket.writableLength
  }

  open(handlers: ClientConnectionHandlers): void {
    assert(this.#handlers === undefined, 'a connection is opened once')
    this.#handlers = handlers
    if (this.#isClosed) {
      queueMicrotask(() => handlers.closed())
    } else if (!this.#isEnding) {
      this.#listen()
    }
  }

  write(text: string): void {
    if (this.#isClosed || this.#isEnding) {
      return
    }
    this.#batch.add(text)
    if (this.#isHandshaking) {
      this.#batch.hold()
    }
  }

  loggedIn(): void {
    // Bytes are handed on as they come; nothing is gathered here.
  }

  pause(): void {
    this.#isPaused = true
    if (this.#handlers !== undefined && !this.#isHandshaking && !this.#isEnding) {
      this.#socket.pause()
    }
  }

  resume(): void {
    this.#isPaused = false
    if (this.#handlers !== undefined && !this.#isHandshaking) {
      this.#socket.resume()
    }
  }

  async startTls(): Promise<void> {
    const server = this.#server
    assert(server !== undefined && this.canStartTls, 'startTls where it cannot be')
    const clear = this.#socket
    this.#isHandshaking = true
    // What arrives from here on stays in the socket until the handshake takes it from there.
    clear.off('data', this.#onData)
    clear.pause()
    try {
      await this.#written(clear)
      const secure = await handshake(clear, server)
      clear.off('close', this.#onClose)
      clear.off('end', this.#onEnd)
      this.#socket = secure
      this.#isHandshaking = false
      this.#attach(secure)
      if (this.#handlers !== undefined) {
        this.#listen()
      }
      this.#batch.flush()
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) {
      return
    }
    this.#isEnding = true
    if (this.#isHandshaking) {
      this.destroy()
      return
    }
    this.#batch.flush()
    this.#socket.off('data', this.#onData)
    this.#socket.end()
    // Whatever still comes is thrown away: unread bytes would turn the close into a reset, and what we wrote be lost.
    this.#socket.resume()
    this.#endTimer = setTimeout(() => this.destroy(), END_TIMEOUT_MS)
  }

  destroy(): void {
    this.#isEnding = true
    this.#batch.drop()
    this.#socket.destroy()
  }

  #attach(socket: Socket): void {
    socket.on('error', ignore)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    if (socket.destroyed) {
      queueMicrotask(this.#onClose)
    }
  }

  #listen(): void {
    this.#socket.on('data', this.#onData)
    if (this.#isPaused) {
      this.#socket.pause()
    } else {
      this.#socket.resume()
    }
  }

  /** Sends what waits and resolves when the machine has all of it. */
  async #written(socket: Socket): Promise<void> {
    this.#batch.flush()
    if (socket.writableLength > 0) {
      const timer = setTimeout(() => this.destroy(), HANDSHAKE_TIMEOUT_MS)
      await new Promise<void>((resolve) => {
        socket.write('', () => resolve())
      })
      clearTimeout(timer)
    }
  }

  readonly #onData = (bytes: Buffer): void => {
    if (!this.#isEnding) {
      this.#handlers?.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    }
  }

  readonly #onWritten = (): void => {
    if (!this.#isClosed && !this.#isEnding && this.bufferedBytes === 0) {
      this.#handlers?.drained()
    }
  }

  /** The client will send no more. What is written still goes out, but not for ever. */
  readonly #onEnd = (): void => {
    this.end()
  }

  readonly #onClose = (): void => {
    if (this.#isClosed) {
      return
    }
    this.#isClosed = true
    this.#isEnding = true
    clearTimeout(this.#endTimer)
    this.#batch.drop()
    this.#handlers?.closed()
  }
}

function ignore(): void {
  // The close that follows is all that anybody needs to know.
}
