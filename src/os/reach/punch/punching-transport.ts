import {
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  serviceCapabilities,
  type Transport,
  transportSymbol,
  type Upgrader,
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isRelayedAddress, peerIdOf } from '../../libp2p-addresses.ts'
import type { TransportFactory } from '../../libp2p-types.ts'
import { MAX_PORTS_TRIED } from './punch-limits.ts'
import type { PunchPorts } from './punch-ports.ts'

/** What hole punching asks of the TCP transport below, besides libp2p's own options of `dial`. */
export interface PunchDialOptions {
  /**
   * The socket is bound to this port of any local address before it connects. Other connections may share the port
   * (SO_REUSEADDR), a listener may not. @libp2p/tcp hands it to `net.connect`. A failure has the operating system's
   * `code`: EADDRINUSE, EADDRNOTAVAIL. @default an ephemeral port
   */
  readonly localPort?: number
  /**
   * False for the side of a simultaneous open that acts as if it had been called: responder of multistream-select and
   * Noise, server of yamux (DCUtR step 5). @default true
   */
  readonly initiator?: boolean
}

/** A local port that cannot be bound, or whose connection to that very remote exists or has just ended. */
const PORT_FAILURES = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES']

/** True if a dial failed before a packet was sent, because of its local port. */
export function isPortFailure(error: unknown): boolean {
  return error instanceof Error && PORT_FAILURES.includes(String((error as NodeJS.ErrnoException).code))
}

/** `create`'s TCP, which dials relays from a punch port and can be the called side of a simultaneous open. */
export function punchingTransport(create: TransportFactory, ports: PunchPorts): TransportFactory {
  return (components) => new PunchingTransport(create(components), ports)
}

class PunchingTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly #tcp: Transport
  readonly #ports: PunchPorts

  constructor(tcp: Transport, ports: PunchPorts) {
    this.#tcp = tcp
    this.#ports = ports
  }

  get [Symbol.toStringTag](): string {
    return this.#tcp[Symbol.toStringTag]
  }

  async dial(address: Multiaddr, options: DialTransportOptions & PunchDialOptions): Promise<Connection> {
    if (options.initiator === false) {
      return await this.#tcp.dial(address, { ...options, upgrader: calledUpgrader(options.upgrader) })
    }
    const peerId = peerIdOf(address)
    if (options.localPort === undefined && peerId !== undefined && this.#ports.isRelay(peerId)) {
      return await this.#dialRelay(address, options)
    }
    return await this.#tcp.dial(address, options)
  }

  createListener(options: CreateListenerOptions): Listener {
    return this.#tcp.createListener(options)
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#tcp.listenFilter(addresses)
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.#tcp.dialFilter(addresses)
  }

  /** From the punch port, from another one if that cannot be, at last from any. */
  async #dialRelay(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    // A name may stand for either family; the port is bound anyway.
    const family = address.getComponents()[0]?.name === 'ip6' ? 'ip6' : 'ip4'
    for (let tries = 0; tries < MAX_PORTS_TRIED; tries++) {
      const localPort = this.#ports.portFor(family)
      const dialOptions: DialTransportOptions & PunchDialOptions = { ...options, localPort }
      try {
        const connection = await this.#tcp.dial(address, dialOptions)
        this.#ports.note(connection, localPort)
        return connection
      } catch (error) {
        if (!isPortFailure(error) || options.signal.aborted) {
          throw error
        }
        this.#ports.replace(family, localPort)
      }
    }
    return await this.#tcp.dial(address, options)
  }
}

/** Upgrades what was dialled as if it had been accepted. */
function calledUpgrader(upgrader: Upgrader): Upgrader {
  const upgradeOutbound: Upgrader['upgradeOutbound'] = (
    connection,
    options: Parameters<Upgrader['upgradeOutbound']>[1],
  ) => {
    // The muxer takes its side from here, everything else from `initiator`.
    connection.direction = 'inbound'
    return upgrader.upgradeOutbound(connection, { ...options, initiator: false })
  }
  return {
    upgradeOutbound,
    upgradeInbound: upgrader.upgradeInbound.bind(upgrader),
    createInboundAbortSignal: upgrader.createInboundAbortSignal.bind(upgrader),
    getStreamMuxers: upgrader.getStreamMuxers.bind(upgrader),
    getConnectionEncrypters: upgrader.getConnectionEncrypters.bind(upgrader),
  }
}

/** `create`'s circuit transport, which tells of each relay before it is dialled for a circuit. */
export function tellingCircuits(create: TransportFactory, onRelay: (peerId: string) => void): TransportFactory {
  return (components) => {
    const transport = create(components)
    const dial = transport.dial.bind(transport)
    transport.dial = (address, options) => {
      const relay = relayOf(address)
      if (relay !== undefined) {
        onRelay(relay)
      }
      return dial(address, options)
    }
    return transport
  }
}

/** The relay of an address or connection through one, if it is named. */
export function relayOf(address: Multiaddr): string | undefined {
  const parts = address.getComponents()
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  const before = isRelayedAddress(address) ? parts[circuit - 1] : undefined
  return before?.name === 'p2p' ? before.value : undefined
}
