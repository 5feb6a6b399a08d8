import type { KabberNode, Store } from '../../src/index.ts'
import { HealthCheck } from '../../src/os/operations/health-check.ts'
import type { NodeMetrics } from '../../src/os/operations/node-metrics.ts'
import {
  type OperationsAnswer,
  type OperationsPlace,
  OperationsServer,
} from '../../src/os/operations/operations-server.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import { formatHostPort, type HostPort } from '../host-port.ts'
import { systemFailure } from '../system-failure.ts'
import { programVersion } from '../version.ts'
import type { Door } from './client-options.ts'
import { startAtDefault } from './start-listener.ts'

/** Where metrics and health are served when nobody says; loopback, for they are nobody else's. */
const USUAL_METRICS: HostPort = { host: '127.0.0.1', port: 9_600 }

/** What the operations of a node are made of. */
export interface OperationsInit {
  readonly home: Home
  readonly store: Store
  readonly metrics: Door
  /** Tells the status on a socket in the home: what a node without commands needs. */
  readonly statusSocket: boolean
}

/** What those who run a node see of it: metrics, health, and of a relay the status. */
export class Operations {
  /** Undefined when they are off: they cost a little at every message. */
  readonly metrics: NodeMetrics | undefined
  readonly #init: OperationsInit
  readonly #health: HealthCheck
  readonly #servers: OperationsServer[] = []
  #node: KabberNode | undefined

  private constructor(init: OperationsInit, metrics: NodeMetrics | undefined) {
    this.#init = init
    this.metrics = metrics
    this.#health = new HealthCheck(init.store, new OsClock())
  }

  /** Loads what is needed; nothing is served before `start`. */
  static async open(init: OperationsInit): Promise<Operations> {
    if (init.metrics === 'none') {
      return new Operations(init, undefined)
    }
    const { NodeMetrics } = await import('../../src/os/operations/node-metrics.ts')
    return new Operations(init, new NodeMetrics({ version: programVersion(), folder: init.home.path }))
  }

  /** Serves from now on: that the node has not started yet, first. Gives where the metrics are. */
  async start(): Promise<HostPort | undefined> {
    const { home, metrics, statusSocket } = this.#init
    if (statusSocket) {
      await this.#serve({ path: home.statusSocketPath })
    }
    if (metrics === 'none') {
      return undefined
    }
    const { host } = metrics === 'default' ? USUAL_METRICS : metrics
    const start = async (at: HostPort): Promise<OperationsServer> => await this.#serve(at)
    const server = await (metrics === 'default'
      ? startAtDefault(USUAL_METRICS, home.path, start)
      : serveAt(metrics, start))
    return { host, port: server.port }
  }

  /** The node has started. */
  started(node: KabberNode): void {
    this.#node = node
    this.metrics?.observe(() => node.status())
    this.#health.started(() => node.status())
  }

  /** The node stops soon. */
  draining(): void {
    this.#health.draining()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()))
  }

  async #serve(place: OperationsPlace): Promise<OperationsServer> {
    const server = new OperationsServer(place, {
      '/healthz': async () => {
        const health = await this.#health.check()
        return json(health, health.status === 'ok' ? 200 : 503)
      },
      ...('port' in place ? { '/metrics': () => this.#metricsText() } : { '/status': async () => this.#status() }),
    })
    await server.start()
    this.#servers.push(server)
    return server
  }

  async #metricsText(): Promise<OperationsAnswer> {
    const { contentType = 'text/plain' } = this.metrics ?? {}
    return { status: 200, contentType, body: (await this.metrics?.text()) ?? '' }
  }

  #status(): OperationsAnswer {
    return this.#node === undefined ? json({}, 503) : json(this.#node.status(), 200)
  }
}

async function serveAt<Server>(at: HostPort, start: (at: HostPort) => Promise<Server>): Promise<Server> {
  try {
    return await start(at)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === undefined ? String(error) : systemFailure(code)
    throw new CliError(EXIT_CODES.failed, code?.toLowerCase() ?? 'failed', `--metrics ${formatHostPort(at)}: ${why}`)
  }
}

function json(value: object, status: number): OperationsAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}
