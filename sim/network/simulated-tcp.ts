import {
  AbortError,
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type Logger,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { SimHost } from './host.ts'
import { endpointOf, isTcpAddress } from './multiaddr-endpoint.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import { SimulatedListener } from './simulated-listener.ts'
import type { TcpSocket } from './tcp-socket.ts'

/** Options of `simulatedTcp`. */
export interface SimulatedTcpInit {
  /** Dials leave from this port, as hole punching needs it. @default an ephemeral one */
  readonly localPort?: number
}

/** A libp2p transport over simulated TCP in place of @libp2p/tcp, for the node on `host`. */
export function simulatedTcp(
  host: SimHost,
  init: SimulatedTcpInit = {},
): (components: { readonly logger: ComponentLogger }) => Transport {
  return (components) => new SimulatedTcp(host, components.logger, init)
}

class SimulatedTcp implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@libp2p/tcp'
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly #host: SimHost
  readonly #logger: ComponentLogger
  readonly #log: Logger
  readonly #init: SimulatedTcpInit

  constructor(host: SimHost, logger: ComponentLogger, init: SimulatedTcpInit) {
    this.#host = host
    this.#logger = logger
    this.#log = logger.forComponent('libp2p:tcp')
    this.#init = init
  }

  async dial(
    address: Multiaddr,
    options: DialTransportOptions & { readonly initiator?: boolean },
  ): Promise<Connection> {
    const socket = await this.#connect(address, options.signal)
    const connection = new SimulatedConnection({
      socket,
      scheduler: this.#host.scheduler,
      remoteAddr: address,
      // Of two that dialled each other, DCUtR names the one that is to act as if it had been called.
      direction: options.initiator === false ? 'inbound' : 'outbound',
      log: this.#log.newScope('connection'),
    })
    try {
      return await options.upgrader.upgradeOutbound(connection, options)
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  createListener(options: CreateListenerOptions): Listener {
    return new SimulatedListener({ host: this.#host, upgrader: options.upgrader, logger: this.#logger })
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isTcpAddress)
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.listenFilter(addresses)
  }

  async #connect(address: Multiaddr, signal: AbortSignal): Promise<TcpSocket> {
    signal.throwIfAborted()
    return await new Promise<TcpSocket>((resolve, reject) => {
      const onAbort = (): void => {
        socket.reset()
        reject(new AbortError())
      }
      const socket = this.#host.connect(
        endpointOf(address),
        {
          onConnect: () => {
            signal.removeEventListener('abort', onAbort)
            // Data may arrive before the promise has been awaited.
            socket.pause()
            resolve(socket)
          },
          onClose: (error) => {
            signal.removeEventListener('abort', onAbort)
            reject(error)
          },
        },
        this.#init.localPort,
      )
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
