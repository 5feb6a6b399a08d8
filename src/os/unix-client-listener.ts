import { lstatSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { ClientConnection, ClientListener } from '../system/client-connection.ts'
import { OWNER_CONNECTIONS_MAX, SOCKET_PATH_MAX_BYTES } from './client-limits.ts'
import { ListeningServer } from './listening-server.ts'
import { SocketConnection } from './socket-connection.ts'

/** Of what is created, nothing for anybody but the owner: a socket of mode 0600. */
const OWNER_ONLY_UMASK = 0o177

/** The way in for the commands of the owner. */
export interface UnixClientListenerInit {
  /** Path of the socket. One that a killed node left there is replaced, so hold the lock of the store first. */
  readonly path: string
  /** HTTP(S) base on this machine. @default no web port */
  readonly webBase?: () => string | undefined
}

/** XMPP clients of this machine's user, over a Unix socket of mode 0600; the file is gone after `stop`. */
export class UnixClientListener implements ClientListener {
  readonly #init: UnixClientListenerInit
  readonly #listening: ListeningServer
  #started: Promise<void> | undefined
  #accept: ((connection: ClientConnection) => void) | undefined

  constructor(init: UnixClientListenerInit) {
    this.#init = init
    const server: Server = createServer((socket) => this.#take(socket))
    server.maxConnections = OWNER_CONNECTIONS_MAX
    this.#listening = new ListeningServer(server, { path: init.path })
  }

  start(accept: (connection: ClientConnection) => void): Promise<void> {
    this.#accept ??= accept
    this.#started ??= this.#listen()
    return this.#started
  }

  async stop(): Promise<void> {
    this.#accept = undefined
    await this.#listening.stop()
  }

  async #listen(): Promise<void> {
    const { path } = this.#init
    // Longer ones are cut off silently by the system.
    if (Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES) {
      throw new RangeError(`the path of the socket is longer than ${SOCKET_PATH_MAX_BYTES} bytes: ${path}`)
    }
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) {
      rmSync(path)
    }
    // The socket is made before `start` returns, so the mask is changed for no other code, and never is there a moment
    // in which others could open it.
    const umask = process.umask(OWNER_ONLY_UMASK)
    const started = this.#listening.start()
    process.umask(umask)
    await started
  }

  #take(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#accept === undefined) {
      socket.destroy()
      return
    }
    this.#accept(new SocketConnection(socket, { transport: 'unix', isLocal: true, webBase: this.#init.webBase?.() }))
  }
}
