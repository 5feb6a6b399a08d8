import { lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ListeningServer } from '../listening-server.ts'
import { isOwnHost } from '../web-host.ts'

/** Of one listener at a time: Prometheus, a probe, a person. */
const OPERATIONS_CONNECTIONS_MAX = 32
/** Headers of a request, and all of it: there is nothing to send. */
const OPERATIONS_REQUEST_TIMEOUT_MS = 5_000
/** Request line and headers together, bytes. */
const OPERATIONS_HEADERS_MAX_BYTES = 4_096
/** Of what is created, nothing for anybody but the owner: a socket of mode 0600. */
const OWNER_ONLY_UMASK = 0o177

/** Names of this server beside its addresses and `localhost`. */
const NO_NAMES: ReadonlySet<string> = new Set()

/** What one path answers. */
export interface OperationsAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** A port of this machine, or a Unix socket for the owner alone. */
export type OperationsPlace = { readonly host: string; readonly port: number } | { readonly path: string }

/** HTTP for those who run a node: metrics and health. It answers GET and HEAD of the paths it has, and reads no bodies. */
export class OperationsServer {
  readonly #paths: ReadonlyMap<string, () => Promise<OperationsAnswer>>
  readonly #place: OperationsPlace
  readonly #server: Server
  readonly #listening: ListeningServer

  constructor(place: OperationsPlace, paths: Readonly<Record<string, () => Promise<OperationsAnswer>>>) {
    this.#place = place
    this.#paths = new Map(Object.entries(paths))
    this.#server = createServer(
      {
        headersTimeout: OPERATIONS_REQUEST_TIMEOUT_MS,
        requestTimeout: OPERATIONS_REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: OPERATIONS_REQUEST_TIMEOUT_MS,
        maxHeaderSize: OPERATIONS_HEADERS_MAX_BYTES,
      },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = OPERATIONS_CONNECTIONS_MAX
    this.#listening = new ListeningServer(this.#server, place)
  }

  /** Rejects with the error of the system (`EADDRINUSE`, `EACCES`). Idempotent. */
  async start(): Promise<void> {
    if ('port' in this.#place) {
      await this.#listening.start()
      return
    }
    // The lock of the store is held: whoever made this socket is gone.
    if (lstatSync(this.#place.path, { throwIfNoEntry: false })?.isSocket() === true) {
      rmSync(this.#place.path)
    }
    // The socket is made before `start` returns, so the mask is changed for no other code.
    const umask = process.umask(OWNER_ONLY_UMASK)
    const started = this.#listening.start()
    process.umask(umask)
    await started
  }

  /** Ends all connections. Idempotent. */
  async stop(): Promise<void> {
    await this.#listening.stop()
    this.#server.closeAllConnections()
  }

  /** TCP port, once started. */
  get port(): number {
    return this.#listening.port
  }

  async #answer({ method, url, headers: { host } }: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = this.#isAskedAs(host)
      ? await this.#answerTo(method, url)
      : plain(421, 'here are 127.0.0.1, [::1] and localhost, by no other name')
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Whoever asks comes again in seconds, on a connection of its own.
      connection: 'close',
    })
    response.end(method === 'HEAD' ? undefined : answer.body)
  }

  /** On loopback a browser of this machine must not be led here by a name of somebody's (DNS rebinding). */
  #isAskedAs(host: string | undefined): boolean {
    const isLoopback = 'port' in this.#place && /^(?:127\.|::1$)/.test(this.#place.host)
    return !isLoopback || host === undefined || isOwnHost(host, NO_NAMES)
  }

  async #answerTo(method: string | undefined, url = '/'): Promise<OperationsAnswer> {
    const ask = this.#paths.get(url.split('?', 1)[0] ?? '')
    if (ask === undefined) {
      return plain(404, `there is only ${[...this.#paths.keys()].join(', ')}`)
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return plain(405, 'only GET and HEAD are answered')
    }
    try {
      return await ask()
    } catch (error) {
      return plain(500, error instanceof Error ? error.message : 'it failed')
    }
  }
}

function plain(status: number, text: string): OperationsAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}
