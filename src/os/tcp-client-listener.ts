import { createServer, type Server, type Socket } from 'node:net'
import type { ClientConnection, ClientListener } from '../system/client-connection.ts'
import { assert } from '../util/assert.ts'
import type { Certificate } from './certificate.ts'
import { CLEAR_CONNECTIONS_MAX, CLIENT_CONNECTIONS_MAX, KEEP_ALIVE_DELAY_MS } from './client-limits.ts'
import { ListeningServer } from './listening-server.ts'
import { isLoopback } from './loopback.ts'
import { SocketConnection } from './socket-connection.ts'
import { handshake, type TlsServer, tlsServer } from './tls-handshake.ts'

/** XEP-0368 §2: the ALPN protocol of XMPP clients. */
const ALPN_PROTOCOL = 'xmpp-client'

/** Where XMPP clients come in over TCP. */
export interface TcpClientListenerInit {
  /** An address of this machine. */
  readonly host: string
  /** 0 for any; RFC 6120 §14.7 has 5222, direct TLS mostly 5223. */
  readonly port: number
  /** `starttls`: in clear until the client asks (RFC 6120 §5). `direct`: TLS from the first byte (XEP-0368). */
  readonly mode: 'starttls' | 'direct'
  /** Needed for `direct`. @default none: no STARTTLS */
  readonly certificate?: Certificate
  /** HTTP(S) base for a client that reached us at this address of ours. @default no web port */
  readonly webBase?: (localAddress: string) => string | undefined
}

/** XMPP clients over TCP, 5222 or 5223. */
export class TcpClientListener implements ClientListener {
  readonly #init: TcpClientListenerInit
  readonly #tls: TlsServer | undefined
  readonly #server: Server
  readonly #listening: ListeningServer
  readonly #handshaking = new Set<Socket>()
  readonly #connections = new Set<SocketConnection>()
  #accept: ((connection: ClientConnection) => void) | undefined

  constructor(init: TcpClientListenerInit) {
    assert(init.mode === 'starttls' || init.certificate !== undefined, 'direct TLS needs a certificate')
    this.#init = init
    this.#tls = init.certificate === undefined ? undefined : tlsServer(init.certificate)
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      (socket) => this.#take(socket),
    )
    this.#server.maxConnections = CLIENT_CONNECTIONS_MAX
    this.#listening = new ListeningServer(this.#server, { host: init.host, port: init.port })
  }

  start(accept: (connection: ClientConnection) => void): Promise<void> {
    this.#accept ??= accept
    return this.#listening.start()
  }

  async stop(): Promise<void> {
    await this.#listening.stop()
    this.#accept = undefined
    for (const socket of this.#handshaking) {
      socket.destroy()
    }
  }

  /** The port it got, once started. */
  get port(): number {
    return this.#listening.port
  }

  #take(socket: Socket): void {
    const isLocal = isLoopback(socket.remoteAddress)
    socket.on('error', () => {})
    if (this.#accept === undefined || (!isLocal && this.#clearConnections() >= CLEAR_CONNECTIONS_MAX)) {
      socket.destroy()
    } else if (this.#init.mode === 'starttls') {
      this.#hand(socket, isLocal, socket.localAddress)
    } else {
      this.#secure(socket, isLocal).catch(() => socket.destroy())
    }
  }

  async #secure(socket: Socket, isLocal: boolean): Promise<void> {
    const localAddress = socket.localAddress
    this.#handshaking.add(socket)
    try {
      assert(this.#tls !== undefined, 'direct TLS needs a certificate')
      this.#hand(await handshake(socket, this.#tls, [ALPN_PROTOCOL]), isLocal, localAddress)
    } finally {
      this.#handshaking.delete(socket)
    }
  }

  #hand(socket: Socket, isLocal: boolean, localAddress: string | undefined): void {
    if (this.#accept === undefined) {
      socket.destroy()
      return
    }
    const webBase = localAddress === undefined ? undefined : this.#init.webBase?.(localAddress)
    const connection = new SocketConnection(socket, { transport: 'tcp', isLocal, webBase, tls: this.#tls })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    this.#accept(connection)
  }

  #clearConnections(): number {
    let clear = this.#handshaking.size
    if (clear + this.#connections.size >= CLEAR_CONNECTIONS_MAX) {
      for (const connection of this.#connections) {
        clear += connection.isClear && !connection.isLocal ? 1 : 0
      }
    }
    return clear
  }
}
