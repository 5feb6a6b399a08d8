import {
  type Connection,
  type ConnectionLimits,
  type Listener,
  type PeerId,
  type Stream,
  serviceCapabilities,
  type Transport,
  transportSymbol,
} from '@libp2p/interface'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { Gate } from '../../../util/gate.ts'
import { isRelayedAddress, peerIdOf } from '../../libp2p-addresses.ts'
import type { TransportFactory } from '../../libp2p-types.ts'
import { CircuitConnection } from './circuit-connection.ts'
import { CircuitListener } from './circuit-listener.ts'
import {
  type CircuitLimit,
  HOP_PROTOCOL,
  HOP_TYPE,
  hopMessage,
  STATUS,
  STOP_PROTOCOL,
  STOP_TYPE,
  stopMessage,
} from './circuit-messages.ts'
import { MessageExchange } from './message-exchange.ts'
import { CIRCUITS_MAX_PER_PEER, RELAY_DIALS_MAX, RELAY_DIALS_MAX_WAITING, STOP_STREAMS_MAX } from './relay-limits.ts'

/** What the circuit transport takes from libp2p. */
export type CircuitComponents = Pick<
  Parameters<TransportFactory>[0],
  'addressManager' | 'connectionManager' | 'peerStore' | 'registrar' | 'upgrader'
>

type DialOptions = Parameters<Transport['dial']>[1]

/** The circuit transport of a node. */
export interface CircuitTransport extends Transport {
  /** Says under which addresses, `…/p2p/<relay>/p2p-circuit`, this node has reservations now. */
  announce(addresses: readonly Multiaddr[]): void
}

/** A circuit transport; `admits` tells whether this node has a reservation at a relay. */
export function circuitTransport(components: CircuitComponents, admits: (relay: PeerId) => boolean): CircuitTransport {
  return new Circuits(components, admits)
}

/**
 * Connections through relays (libp2p specs, relay/circuit-v2): dials `…/p2p/<relay>/p2p-circuit/p2p/<peer>`, and takes what
 * relays pass on, from those alone that have our reservation. In place of libp2p's own, which reserves wherever it is
 * told to (by a STOP of a stranger, too) and cannot be told to let go.
 */
class Circuits implements CircuitTransport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = '@libp2p/circuit-relay-v2-transport'
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport', '@libp2p/circuit-relay-v2-transport']
  readonly #components: CircuitComponents
  readonly #admits: (relay: PeerId) => boolean
  readonly #listener = new CircuitListener()
  readonly #dials = new Gate({ maxInside: RELAY_DIALS_MAX, maxWaiting: RELAY_DIALS_MAX_WAITING })
  #stopping = new AbortController()

  constructor(components: CircuitComponents, admits: (relay: PeerId) => boolean) {
    this.#components = components
    this.#admits = admits
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await this.#components.registrar.handle(STOP_PROTOCOL, (stream, connection) => this.#passedOn(stream, connection), {
      maxInboundStreams: STOP_STREAMS_MAX,
      // The node may be a relay as well, whose registration this is then also.
      maxOutboundStreams: CIRCUITS_MAX_PER_PEER,
      runOnLimitedConnection: false,
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network was stopped'))
    await this.#components.registrar.unhandle(STOP_PROTOCOL)
  }

  announce(addresses: readonly Multiaddr[]): void {
    const { addressManager } = this.#components
    const before = this.#listener.getAddrs()
    for (const address of addresses) {
      // A relay that took the connection of this node is reached by others; nobody needs to verify that.
      addressManager.confirmObservedAddr(address, { type: 'transport' })
    }
    this.#listener.announce(addresses)
    for (const address of before.filter((old) => !addresses.some((next) => next.equals(old)))) {
      addressManager.removeObservedAddr(address)
    }
  }

  async dial(address: Multiaddr, options: DialOptions): Promise<Connection> {
    const { relayAddress, relay, target } = circuitParts(address)
    const connection = await this.#connectionTo(relay, relayAddress, options.signal)
    const stream = await connection.newStream(HOP_PROTOCOL, {
      signal: options.signal,
      maxOutboundStreams: CIRCUITS_MAX_PER_PEER,
    })
    try {
      const exchange = new MessageExchange(stream, hopMessage)
      const peer = { id: target.toMultihash().bytes, addrs: [] }
      await exchange.write({ type: HOP_TYPE.connect, peer }, options.signal)
      const answer = await exchange.read(options.signal)
      if (answer.type !== HOP_TYPE.status || answer.status !== STATUS.ok) {
        throw new Error(`the relay answered with status ${answer.status}`)
      }
      const circuit = new CircuitConnection(exchange.unwrap(), { remote: address, local: relayAddress })
      return await this.#components.upgrader.upgradeOutbound(circuit, { ...options, ...limitsOf(answer.limit) })
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  createListener(): Listener {
    return this.#listener
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => address.toString() === '/p2p-circuit')
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isRelayedAddress)
  }

  /** Bounded, because the dial of the circuit keeps its place among libp2p's dials while it waits for that of the relay. */
  async #connectionTo(relay: PeerId, address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    const { connectionManager } = this.#components
    const open = connectionManager.getConnections(relay).find(isDirect)
    if (open !== undefined) {
      return open
    }
    const leave = await this.#dials.enter(signal)
    if (leave === undefined) {
      throw new Error('too many dials through relays')
    }
    try {
      const connection = await connectionManager.openConnection(address, { signal })
      if (!isDirect(connection)) {
        throw new Error('the relay is behind a relay')
      }
      return connection
    } finally {
      leave()
    }
  }

  /** A relay passes on that somebody wants to connect. */
  async #passedOn(stream: Stream, connection: Connection): Promise<void> {
    if (!isDirect(connection) || !this.#admits(connection.remotePeer)) {
      throw new Error('a circuit from where this node has no reservation')
    }
    const { upgrader, addressManager } = this.#components
    const signal = upgrader.createInboundAbortSignal(this.#stopping.signal)
    try {
      const exchange = new MessageExchange(stream, stopMessage)
      const { type, peer, limit } = await exchange.read(signal)
      if (type !== STOP_TYPE.connect || peer === undefined) {
        await exchange.write({ type: STOP_TYPE.status, status: STATUS.malformedMessage }, signal)
        throw new Error('a stop message that names nobody')
      }
      const source = peerIdFromMultihash(decodeMultihash(peer.id))
      await exchange.write({ type: STOP_TYPE.status, status: STATUS.ok }, signal)
      const circuit = new CircuitConnection(exchange.unwrap(), {
        remote: connection.remoteAddr.encapsulate(`/p2p-circuit/p2p/${source.toString()}`),
        local: addressManager.getAddresses()[0],
      })
      await upgrader.upgradeInbound(circuit, { signal, ...limitsOf(limit) })
    } finally {
      signal.clear()
    }
  }
}

function circuitParts(address: Multiaddr): { relayAddress: Multiaddr; relay: PeerId; target: PeerId } {
  const [before = '', after = '', ...more] = address.toString().split('/p2p-circuit')
  const relayAddress = multiaddr(before)
  const [relay, target] = [peerIdOf(relayAddress), after === '' ? undefined : peerIdOf(multiaddr(after))]
  if (relay === undefined || target === undefined || more.length > 0) {
    throw new Error('a relayed address names a relay and a peer')
  }
  return { relayAddress, relay: peerIdFromString(relay), target: peerIdFromString(target) }
}

function isDirect({ remoteAddr, status }: Connection): boolean {
  return status === 'open' && !isRelayedAddress(remoteAddr)
}

/** Relays of others may bound a circuit; then libp2p keeps its own protocols off it. */
function limitsOf(limit: CircuitLimit | undefined): { limits?: ConnectionLimits } {
  const { duration = 0, data = 0 } = limit ?? {}
  if (duration === 0 && data === 0) {
    return {}
  }
  return { limits: { ...(duration > 0 ? { seconds: duration } : {}), ...(data > 0 ? { bytes: BigInt(data) } : {}) } }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the circuit broke', { cause: error })
}
