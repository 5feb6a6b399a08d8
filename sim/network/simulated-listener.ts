import {
  type ComponentLogger,
  type Listener,
  type ListenerEvents,
  setMaxListeners,
  TypedEventEmitter,
  type Upgrader,
} from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { SimHost } from './host.ts'
import { endpointOf } from './multiaddr-endpoint.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import { SocketError } from './socket-error.ts'
import type { TcpSocket } from './tcp-socket.ts'

/** What a listener is made of. */
interface SimulatedListenerInit {
  readonly host: SimHost
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
}

/** Accepts simulated TCP connections; `0.0.0.0` and `::` mean all own addresses of their family. */
export class SimulatedListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: SimulatedListenerInit
  readonly #connections = new Set<SimulatedConnection>()
  readonly #shutdown = new AbortController()
  #bound: { readonly address: string; readonly port: number }[] = []
  #isListening = false

  constructor(init: SimulatedListenerInit) {
    super()
    this.#init = init
    setMaxListeners(Number.POSITIVE_INFINITY, this.#shutdown.signal)
  }

  async listen(address: Multiaddr): Promise<void> {
    const { host } = this.#init
    const wanted = endpointOf(address)
    const isAny = wanted.address === '0.0.0.0' || wanted.address === '::'
    const isIp6 = wanted.address.includes(':')
    const own = host.addresses.filter((candidate) =>
      isAny ? candidate.includes(':') === isIp6 : candidate === wanted.address,
    )
    if (own.length === 0 && !isAny) {
      throw new SocketError('EADDRNOTAVAIL', wanted.address)
    }
    let { port } = wanted
    for (const one of own) {
      port = host.listen(one, port, (socket) => this.#accept(socket))
      this.#bound.push({ address: one, port })
    }
    this.#isListening = true
    queueMicrotask(() => this.safeDispatchEvent('listening'))
  }

  getAddrs(): Multiaddr[] {
    return this.#bound.map(({ address, port }) => ipPortToMultiaddr(address, port))
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    for (const { address, port } of this.#bound) {
      this.#init.host.unlisten(address, port)
    }
    this.#bound = []
    this.#shutdown.abort()
    for (const connection of this.#connections) {
      connection.abort(new Error('the listener was closed'))
    }
    if (this.#isListening) {
      this.#isListening = false
      queueMicrotask(() => this.safeDispatchEvent('close'))
    }
  }

  #accept(socket: TcpSocket): void {
    const { host, upgrader, logger } = this.#init
    const connection = new SimulatedConnection({
      socket,
      scheduler: host.scheduler,
      remoteAddr: ipPortToMultiaddr(socket.remote.address, socket.remote.port),
      direction: 'inbound',
      log: logger.forComponent('libp2p:tcp:connection'),
    })
    this.#connections.add(connection)
    connection.addEventListener('close', () => this.#connections.delete(connection), { once: true })
    upgrader.upgradeInbound(connection, { signal: this.#shutdown.signal }).catch((error: unknown) => {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }
}
