import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../../src/index.ts'
import { ControlConnection } from './connection.ts'
import type { ControlMethods } from './method.ts'

/** Connections at once; more are closed at the door. A person has a few terminals and scripts, not hundreds. */
const MAX_CONNECTIONS = 64

/** What a control server is made of. */
export interface ControlServerInit {
  /** Path of the Unix socket; a file that a killed node left there is replaced, so hold the store's lock first. */
  readonly path: string
  readonly methods: ControlMethods
  readonly logger: Logger
  /** @default 64 */
  readonly maxConnections?: number
  /** How long a connection may be silent unless it subscribed to events, milliseconds. @default 30 s */
  readonly idleTimeoutMs?: number
}

/**
 * The door of a running node for the commands of its owner: JSON lines over a Unix socket that only the owner's user may
 * open (mode 0600). Requests carry ids and are answered as they finish.
 */
export class ControlServer {
  readonly #init: ControlServerInit
  readonly #server: Server
  readonly #connections = new Set<ControlConnection>()

  constructor(init: ControlServerInit) {
    this.#init = init
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = init.maxConnections ?? MAX_CONNECTIONS
    this.#server.on('drop', () => init.logger.warn('control connection refused', { reason: 'too many' }))
  }

  async start(): Promise<void> {
    await rm(this.#init.path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#init.path, resolve)
    })
    await chmod(this.#init.path, 0o600)
  }

  /** Closes the door and every connection; the socket file is gone afterwards. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) {
      connection.close()
    }
    await closed
  }

  #accept(socket: Socket): void {
    const connection = new ControlConnection(socket, this.#init.methods, this.#init.idleTimeoutMs)
    this.#connections.add(connection)
    connection.onClose((reason) => {
      this.#connections.delete(connection)
      if (reason !== undefined) {
        this.#init.logger.warn('control connection closed', { reason })
      }
    })
  }
}
