import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ClientConnection } from '../system/client-connection.ts'
import type { Certificate } from './certificate.ts'
import {
  END_TIMEOUT_MS,
  FRAME_CHUNKS_MAX,
  FRAME_FRAGMENTS_MAX,
  FRAME_MAX_BYTES,
  PENDING_PONGS_MAX,
} from './client-limits.ts'
import { describeTls } from './tls-security.ts'
import type { WebClient } from './web-client.ts'
import { isOwnOrigin } from './web-host.ts'
import { normalizePath } from './web-path.ts'
import { WebSocketConnection } from './web-socket-connection.ts'

/** Where browsers' XMPP clients connect to; the usual path. */
export const WEB_SOCKET_PATH = '/xmpp-websocket'
/** RFC 7395 §3.1. */
const SUBPROTOCOL = 'xmpp'

const OPTIONS = {
  noServer: true,
  clientTracking: false,
  // Deflate gives an attacker a factor of a thousand (X4).
  perMessageDeflate: false,
  maxPayload: FRAME_MAX_BYTES,
  maxFragments: FRAME_FRAGMENTS_MAX,
  maxBufferedChunks: FRAME_CHUNKS_MAX,
  maxPendingAutoPongs: PENDING_PONGS_MAX,
  closeTimeout: END_TIMEOUT_MS,
  handleProtocols: () => SUBPROTOCOL,
}

/** HTTP upgrades to XMPP over WebSocket (RFC 7395); whatever else asks for an upgrade is refused. */
export class WebSockets {
  readonly #server = new WebSocketServer(OPTIONS)
  readonly #certificate: Certificate | undefined

  constructor(certificate: Certificate | undefined) {
    this.#certificate = certificate
  }

  /** Upgrades a request of `client`, or refuses it with an HTTP status. */
  upgrade(
    request: IncomingMessage,
    head: Buffer,
    client: WebClient,
    accept: (connection: ClientConnection) => void,
  ): void {
    const { socket } = request
    const { base } = client
    const refusal = refusalOf(request, client)
    socket.on('error', () => {})
    if (refusal !== undefined || base === undefined) {
      refuse(socket, refusal ?? '421 Misdirected Request')
      return
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      accept(
        new WebSocketConnection(webSocket, socket, {
          isLocal: client.isLocal,
          webBase: base,
          tls: () =>
            socket instanceof TLSSocket && this.#certificate !== undefined
              ? describeTls(socket, this.#certificate.der)
              : undefined,
        }),
      )
    })
  }
}

function refusalOf(request: IncomingMessage, client: WebClient): string | undefined {
  const { host, origin, upgrade } = request.headers
  if (client.base === undefined || host === undefined) {
    return '421 Misdirected Request'
  }
  if (!client.isAllowed || !isOwnOrigin(origin, host)) {
    return '403 Forbidden'
  }
  if (normalizePath(request.url ?? '') !== WEB_SOCKET_PATH) {
    return '404 Not Found'
  }
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  if (upgrade?.toLowerCase() !== 'websocket' || !protocols.includes(SUBPROTOCOL)) {
    return '400 Bad Request'
  }
  return undefined
}

function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), END_TIMEOUT_MS)
  socket.once('close', () => clearTimeout(timer))
}
