import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { HANDSHAKE_TIMEOUT_MS } from './client-limits.ts'
import { handshake, type TlsServer } from './tls-handshake.ts'

/** First byte of a TLS connection: a handshake record (RFC 8446 §5.1). No HTTP method begins with it. */
const TLS_HANDSHAKE_RECORD = 0x16
const ALPN_PROTOCOL = 'http/1.1'

type Serve = (socket: Socket) => void

/** Stands before an HTTP server and tells HTTPS from HTTP on one port by the first byte. */
export class WebTlsDoor {
  readonly #server: Server
  readonly #tls: TlsServer
  readonly #serve: Serve
  readonly #waiting = new Set<Socket>()

  constructor(server: Server, tls: TlsServer) {
    this.#server = server
    this.#tls = tls
    this.#serve = server.listeners('connection')[0] as Serve
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => this.#look(socket))
  }

  /** Ends those that have not yet said what they want. */
  close(): void {
    for (const socket of this.#waiting) {
      socket.destroy()
    }
  }

  #look(socket: Socket): void {
    this.#waiting.add(socket)
    const leave = (): boolean => this.#waiting.delete(socket)
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      leave()
    })
    socket.on('error', () => {})
    const onReadable = (): void => {
      const first = socket.read(1) as Buffer | null
      if (first === null) {
        return
      }
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.unshift(first)
      this.#enter(socket, first[0] === TLS_HANDSHAKE_RECORD).then(leave, () => socket.destroy())
    }
    socket.on('readable', onReadable)
  }

  async #enter(socket: Socket, isTls: boolean): Promise<void> {
    this.#serve.call(this.#server, isTls ? await handshake(socket, this.#tls, [ALPN_PROTOCOL]) : socket)
  }
}
