import { createServer, type IncomingMessage, type Server } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import type { ClientConnection, ClientListener } from '../system/client-connection.ts'
import type { Logger } from '../system/logger.ts'
import type { WebHandler } from '../system/web.ts'
import type { Certificate } from './certificate.ts'
import {
  HTTP_CHECK_INTERVAL_MS,
  HTTP_HEADERS_MAX,
  HTTP_HEADERS_MAX_BYTES,
  HTTP_HEADERS_TIMEOUT_MS,
  HTTP_IDLE_TIMEOUT_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_TIMEOUT_MS,
  WEB_CONNECTIONS_MAX,
} from './client-limits.ts'
import { ListeningServer } from './listening-server.ts'
import { isLoopback } from './loopback.ts'
import { type TlsServer, tlsServer } from './tls-handshake.ts'
import { type WebClient, webClient } from './web-client.ts'
import { WebRequests } from './web-requests.ts'
import { WebSockets } from './web-sockets.ts'
import { WebTlsDoor } from './web-tls-door.ts'

/** What a web port is made of. */
export interface WebListenerInit {
  /** An address of this machine. */
  readonly host: string
  /** 0 for any. */
  readonly port: number
  /** With it HTTPS is spoken on the same port, and HTTP only with this machine. @default none: HTTP only */
  readonly certificate?: Certificate
  /** Names under which browsers may reach it, besides `localhost` and addresses. @default none */
  readonly names?: readonly string[]
  /** Asked in this order. */
  readonly handlers: readonly WebHandler[]
  readonly logger: Logger
}

/** XMPP over WebSocket (RFC 7395) and whatever the handlers serve, on one HTTP port. */
export class WebListener implements ClientListener {
  readonly #init: WebListenerInit
  readonly #names: ReadonlySet<string>
  readonly #tls: TlsServer | undefined
  readonly #server: Server
  readonly #listening: ListeningServer
  readonly #requests: WebRequests
  readonly #webSockets: WebSockets
  readonly #door: WebTlsDoor | undefined
  #accept: ((connection: ClientConnection) => void) | undefined

  constructor(init: WebListenerInit) {
    this.#init = init
    this.#names = new Set(init.names?.map((name) => name.toLowerCase()))
    this.#tls = init.certificate === undefined ? undefined : tlsServer(init.certificate)
    this.#requests = new WebRequests(init.handlers, init.logger)
    this.#webSockets = new WebSockets(init.certificate)
    this.#server = createHttpServer()
    this.#server.on('request', (request, response) => this.#requests.serve(request, response, this.#client(request)))
    // Without the default answer of Node to `Expect: 100-continue`: the body is asked for when somebody reads it.
    this.#server.on('checkContinue', (request, response) =>
      this.#requests.serve(request, response, this.#client(request)),
    )
    this.#server.on('upgrade', (request, _socket, head) => this.#upgrade(request, head))
    this.#server.on('drop', () => init.logger.warn('web connection refused', { reason: 'too many' }))
    this.#door = this.#tls === undefined ? undefined : new WebTlsDoor(this.#server, this.#tls)
    this.#listening = new ListeningServer(this.#server, { host: init.host, port: init.port })
  }

  start(accept: (connection: ClientConnection) => void): Promise<void> {
    this.#accept ??= accept
    return this.#listening.start()
  }

  /** Ends HTTP connections too, and waits for the handlers; WebSockets are left to their user. */
  async stop(): Promise<void> {
    this.#accept = undefined
    await this.#listening.stop()
    this.#door?.close()
    this.#server.closeAllConnections()
    await this.#requests.settled()
  }

  /** The port it got, once started. */
  get port(): number {
    return this.#listening.port
  }

  /**
   * The HTTP(S) base for a client that reached this machine at `localAddress`; undefined where this port is not to be
   * had at that address.
   */
  baseAt(localAddress: string): string | undefined {
    const address = localAddress.replace(/^::ffff:/, '')
    const { host } = this.#init
    const isServed = host === address || host === '::' || (host === '0.0.0.0' && !isIPv6(address))
    if (this.port === 0 || (!isServed && !(isLoopback(host) && isLoopback(address)))) {
      return undefined
    }
    const name = isServed ? address : host
    const scheme = this.#tls === undefined || isLoopback(name) ? 'http' : 'https'
    return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${this.port}`
  }

  #client(request: IncomingMessage): WebClient {
    return webClient(request, this.#names, this.#tls !== undefined)
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    const socket: Socket = request.socket
    if (this.#accept === undefined) {
      socket.destroy()
      return
    }
    this.#webSockets.upgrade(request, head, this.#client(request), this.#accept)
  }
}

function createHttpServer(): Server {
  const server = createServer({
    maxHeaderSize: HTTP_HEADERS_MAX_BYTES,
    headersTimeout: HTTP_HEADERS_TIMEOUT_MS,
    requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
    keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
    connectionsCheckingInterval: HTTP_CHECK_INTERVAL_MS,
    requireHostHeader: true,
    noDelay: true,
  })
  server.maxHeadersCount = HTTP_HEADERS_MAX
  server.maxConnections = WEB_CONNECTIONS_MAX
  server.timeout = HTTP_IDLE_TIMEOUT_MS
  return server
}
