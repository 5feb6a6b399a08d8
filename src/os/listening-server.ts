import type { ListenOptions, Server } from 'node:net'

/** The life of a server socket: `start` and `stop` are idempotent, and `stop` does not wait for connections. */
export class ListeningServer {
  readonly #server: Server
  readonly #options: ListenOptions
  #started: Promise<void> | undefined
  #isStopped = false

  constructor(server: Server, options: ListenOptions) {
    this.#server = server
    this.#options = options
  }

  /** Rejects with the error of the system (`EADDRINUSE`, `EACCES`). */
  start(): Promise<void> {
    this.#started ??= new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options, () => {
        this.#server.off('error', reject)
        // A connection that could not be accepted (no file descriptor left, say) is that connection's loss.
        this.#server.on('error', () => {})
        resolve()
      })
    })
    return this.#started
  }

  async stop(): Promise<void> {
    await this.#started?.catch(() => {})
    if (!this.#isStopped) {
      this.#isStopped = true
      // The listening socket is gone when this returns; its callback would wait for every connection as well.
      this.#server.close()
    }
  }

  /** TCP port, once started; 0 on a Unix socket. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
}
