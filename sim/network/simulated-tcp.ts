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
import { SocketError } from './socket-error.ts'
import type { TcpSocket } from './tcp-socket.ts'

/** Options of a dial; `localPort` is that of `net.connect`, which @libp2p/tcp hands on. */
interface SimulatedDialOptions extends DialTransportOptions {
  /** Of two that dial each other at once, false for the one that acts as if it had been called (DCUtR). */
  readonly initiator?: boolean
  /** Leaves from this port, which other connections may use too, but no listener. @default an ephemeral one */
  readonly localPort?: number
}

/** A libp2p transport over simulated TCP in place of @libp2p/tcp, for the node on `host`. */
export function simulatedTcp(host: SimHost): (components: { readonly logger: ComponentLogger }) => Transport {
  return (components) => new SimulatedTcp(host, components.logger)
}

class SimulatedTcp implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@libp2p/tcp'
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly #host: SimHost
  readonly #logger: ComponentLogger
  readonly #log: Logger

  constructor(host: SimHost, logger: ComponentLogger) {
    this.#host = host
    this.#logger = logger
    this.#log = logger.forComponent('libp2p:tcp')
  }

  async dial(address: Multiaddr, options: SimulatedDialOptions): Promise<Connection> {
    const socket = await this.#connect(address, options)
    const connection = new SimulatedConnection({
      socket,
      scheduler: this.#host.scheduler,
      remoteAddr: address,
      // Of two that dialled each other, DCUtR names the one that acts as if it had been called.
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

  async #connect(address: Multiaddr, { signal, localPort, initiator }: SimulatedDialOptions): Promise<TcpSocket> {
    signal.throwIfAborted()
    if (localPort !== undefined && this.#host.isListening(localPort)) {
      // Node sets SO_REUSEADDR, which a listener does not allow, and never SO_REUSEPORT.
      throw new SocketError('EADDRINUSE', `a listener has port ${localPort}`)
    }
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
        { localPort, isSecond: initiator === false },
      )
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
