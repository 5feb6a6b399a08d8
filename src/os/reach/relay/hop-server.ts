import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'

import { RateLimiter } from '../../../util/rate-limiter.ts'
import { isRelayedAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import type { Libp2pNode } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import {
  HOP_TYPE,
  type HopMessage,
  hopMessage,
  STATUS,
  STOP_PROTOCOL,
  STOP_TYPE,
  stopMessage,
} from './circuit-messages.ts'
import type { Circuits } from './circuits.ts'
import { awaitMembership } from './membership.ts'
import { MessageExchange } from './message-exchange.ts'
import {
  CIRCUITS_MAX_PER_PEER,
  HOP_REQUESTS_BURST,
  HOP_REQUESTS_MAX_KEYS,
  HOP_REQUESTS_MAX_PENDING,
  HOP_REQUESTS_PER_SECOND,
  HOP_TIMEOUT_MS,
  RESERVATION_MS,
} from './relay-limits.ts'
import type { Reservations } from './reservations.ts'

/** Why a request was refused. */
export type HopRefusal =
  | 'malformed'
  /** Over a circuit, or to oneself. */
  | 'not-allowed'
  | 'not-member'
  | 'too-many-requests'
  /** No reservation is left, in all or for its network. */
  | 'full'
  | 'no-reservation'
  | 'too-many-circuits'
  /** Who has reserved did not answer. */
  | 'unreachable'

const STATUS_OF: Readonly<Record<HopRefusal, number>> = {
  malformed: STATUS.malformedMessage,
  'not-allowed': STATUS.permissionDenied,
  'not-member': STATUS.permissionDenied,
  'too-many-requests': STATUS.resourceLimitExceeded,
  full: STATUS.reservationRefused,
  'no-reservation': STATUS.noReservation,
  'too-many-circuits': STATUS.resourceLimitExceeded,
  unreachable: STATUS.connectionFailed,
}

type Node = Pick<
  Libp2pNode,
  'addEventListener' | 'getConnections' | 'getMultiaddrs' | 'peerId' | 'peerStore' | 'removeEventListener'
>

/** Answers RESERVE and CONNECT (libp2p specs, relay/circuit-v2), for members of this network. */
export class HopServer {
  readonly #components: ReachComponents
  readonly #node: Node
  readonly #reservations: Reservations
  readonly #circuits: Circuits
  readonly #onReserved: (peer: PeerId) => void
  readonly #requests: RateLimiter
  readonly #refused = new Map<HopRefusal, number>()
  #pending = 0

  constructor(
    components: ReachComponents,
    init: {
      readonly node: Node
      readonly reservations: Reservations
      readonly circuits: Circuits
      readonly onReserved: (peer: PeerId) => void
    },
  ) {
    this.#components = components
    this.#node = init.node
    this.#reservations = init.reservations
    this.#circuits = init.circuits
    this.#onReserved = init.onReserved
    this.#requests = new RateLimiter(components.clock, {
      capacity: HOP_REQUESTS_BURST,
      refillPerSecond: HOP_REQUESTS_PER_SECOND,
      maxKeys: HOP_REQUESTS_MAX_KEYS,
    })
  }

  /** Requests refused since the start, by reason. */
  get refused(): ReadonlyMap<HopRefusal, number> {
    return this.#refused
  }

  /** Serves one stream; rejects, which resets it, when it was not made a circuit. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    if (this.#pending >= HOP_REQUESTS_MAX_PENDING) {
      throw new Error('too many relay requests at a time')
    }
    this.#pending += 1
    try {
      await this.#serve(stream, connection, this.#components.clock.timeoutSignal(HOP_TIMEOUT_MS))
    } finally {
      this.#pending -= 1
    }
  }

  async #serve(stream: Stream, connection: Connection, signal: AbortSignal): Promise<void> {
    const exchange = new MessageExchange(stream, hopMessage)
    const request = await exchange.read(signal).catch((error: unknown) => {
      this.#count('malformed')
      throw error
    })
    const refusal = await this.#answer(request, exchange, connection, signal)
    if (refusal !== undefined) {
      this.#count(refusal)
      this.#components.logger.debug('a relay request was refused', {
        peerId: connection.remotePeer.toString(),
        refusal,
      })
      await exchange.write({ type: HOP_TYPE.status, status: STATUS_OF[refusal] }, signal)
      await stream.close({ signal })
    }
  }

  async #answer(
    request: HopMessage,
    exchange: MessageExchange<HopMessage>,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<HopRefusal | undefined> {
    if (isRelayedAddress(connection.remoteAddr)) {
      return 'not-allowed'
    }
    if (!this.#requests.take(connection.remotePeer.toString())) {
      return 'too-many-requests'
    }
    if (!(await awaitMembership(this.#node, connection.remotePeer, this.#components.clock))) {
      return 'not-member'
    }
    switch (request.type) {
      case HOP_TYPE.reserve:
        return await this.#reserve(exchange, connection, signal)
      case HOP_TYPE.connect:
        return await this.#connect(request, exchange, connection, signal)
      default:
        return 'malformed'
    }
  }

  async #reserve(
    exchange: MessageExchange<HopMessage>,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<HopRefusal | undefined> {
    const peerId = connection.remotePeer.toString()
    if (this.#reservations.reserve(peerId, connection) === 'full') {
      return 'full'
    }
    this.#onReserved(connection.remotePeer)
    const expire = Math.floor((this.#components.clock.wallMs() + RESERVATION_MS) / 1000)
    const addrs = this.#node.getMultiaddrs().filter((address) => !isRelayedAddress(address))
    const reservation = { expire, addrs: addrs.map((address) => withoutPeerId(address).bytes) }
    await exchange.write({ type: HOP_TYPE.status, status: STATUS.ok, reservation }, signal)
    await exchange.unwrap().close({ signal })
    return undefined
  }

  async #connect(
    request: HopMessage,
    exchange: MessageExchange<HopMessage>,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<HopRefusal | undefined> {
    const source = connection.remotePeer
    const target = peerOf(request)
    if (target === undefined) {
      return 'malformed'
    }
    if (target.equals(source) || target.equals(this.#node.peerId)) {
      return 'not-allowed'
    }
    const way = this.#wayTo(target)
    if (way === undefined) {
      return 'no-reservation'
    }
    const place = this.#circuits.open(source.toString(), target.toString())
    if (place === undefined) {
      return 'too-many-circuits'
    }
    const there = await this.#passOn(source, way, signal).catch(() => undefined)
    if (there === undefined) {
      place.cancel()
      return 'unreachable'
    }
    try {
      await exchange.write({ type: HOP_TYPE.status, status: STATUS.ok }, signal)
      place.join([
        { stream: exchange.unwrap(), remoteAddr: connection.remoteAddr },
        { stream: there, remoteAddr: way.remoteAddr },
      ])
    } catch (error) {
      place.cancel()
      there.abort(error instanceof Error ? error : new Error('the circuit broke'))
      throw error
    }
    return undefined
  }

  /** The direct connection to who has reserved: that over which it reserved if it is still open. */
  #wayTo(target: PeerId): Connection | undefined {
    const reservation = this.#reservations.get(target.toString())
    if (reservation === undefined) {
      return undefined
    }
    const open = this.#node
      .getConnections(target)
      .filter(({ status, remoteAddr }) => status === 'open' && !isRelayedAddress(remoteAddr))
    return open.find(({ id }) => id === reservation.connectionId) ?? open[0]
  }

  /** Asks who has reserved to take the connection; undefined if it does not. */
  async #passOn(source: PeerId, way: Connection, signal: AbortSignal): Promise<Stream | undefined> {
    const stream = await way.newStream(STOP_PROTOCOL, { signal, maxOutboundStreams: CIRCUITS_MAX_PER_PEER })
    try {
      const exchange = new MessageExchange(stream, stopMessage)
      await exchange.write({ type: STOP_TYPE.connect, peer: { id: source.toMultihash().bytes, addrs: [] } }, signal)
      const { type, status } = await exchange.read(signal)
      if (type === STOP_TYPE.status && status === STATUS.ok) {
        return exchange.unwrap()
      }
      await stream.close({ signal })
      return undefined
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('the circuit broke'))
      throw error
    }
  }

  #count(refusal: HopRefusal): void {
    this.#refused.set(refusal, (this.#refused.get(refusal) ?? 0) + 1)
  }
}

function peerOf({ peer }: HopMessage): PeerId | undefined {
  try {
    return peer === undefined ? undefined : peerIdFromMultihash(decodeMultihash(peer.id))
  } catch {
    return undefined
  }
}
