import type { Connection, PeerId } from '@libp2p/interface'
import type { ReachReport } from '../../../system/network.ts'
import { isRelayedAddress } from '../../libp2p-addresses.ts'
import type { Libp2pNode, ServiceFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { HOP_PROTOCOL } from './circuit-messages.ts'
import { Circuits } from './circuits.ts'
import { HopServer } from './hop-server.ts'
import { CIRCUITS_MAX_PER_PEER, CIRCUITS_PER_RESERVATION, RELAY_TAG_VALUE, RESERVATION_MS } from './relay-limits.ts'
import { Reservations } from './reservations.ts'

/** Keeps the connections of those who have reserved when others are closed for want of room. */
const RESERVED_TAG = 'kabber-relay-reservation'

/** Relays connections for members of the network that hold a reservation, within limits per peer and per network. */
export class RelayService {
  readonly #components: ReachComponents
  readonly #maxReservations: number
  readonly #reservations: Reservations
  readonly #circuits: Circuits
  #node: Libp2pNode | undefined
  #hop: HopServer | undefined
  #wanted = false
  #serving = false
  #draining = false
  #changing: Promise<void> = Promise.resolve()

  constructor(components: ReachComponents, init: { readonly maxReservations: number }) {
    this.#components = components
    this.#maxReservations = init.maxReservations
    this.#reservations = new Reservations(components.clock, init.maxReservations)
    this.#circuits = new Circuits(components.clock, init.maxReservations * CIRCUITS_PER_RESERVATION)
  }

  /** No libp2p service of its own: the protocol is registered while this node serves. */
  service(): ServiceFactory | undefined {
    return undefined
  }

  start(node: Libp2pNode): void {
    this.#node = node
    this.#hop = new HopServer(this.#components, {
      node,
      reservations: this.#reservations,
      circuits: this.#circuits,
      onReserved: (peer) => this.#tag(peer, true),
    })
    node.addEventListener('connection:close', this.#onClose)
    void this.serve(this.#wanted)
  }

  /**
   * Starts or ends serving. Peers learn it by identify push; who has reserved goes elsewhere then, and circuits go on
   * until their ends close them.
   */
  serve(serving: boolean): Promise<void> {
    this.#wanted = serving
    this.#changing = this.#changing.then(() => this.#follow())
    return this.#changing
  }

  /** Ends serving for good, as a first step of a shutdown: whoever has reserved has time to find another relay. */
  drain(): Promise<void> {
    this.#draining = true
    return this.serve(false)
  }

  async stop(): Promise<void> {
    this.#draining = true
    await this.serve(false)
    this.#node?.removeEventListener('connection:close', this.#onClose)
    this.#circuits.stop()
  }

  report(): Pick<ReachReport, 'relaying'> {
    if (!this.#serving) {
      return { relaying: undefined }
    }
    const refusals = Object.fromEntries(this.#hop?.refused ?? [])
    return {
      relaying: {
        reservations: this.#reservations.size,
        maxReservations: this.#maxReservations,
        circuits: this.#circuits.size,
        relayedBytes: this.#circuits.relayedBytes,
        refused: Object.values(refusals).reduce((sum, count) => sum + count, 0),
        refusals,
        refusedFor: Object.fromEntries(this.#hop?.refused ?? []),
      },
    }
  }

  async #follow(): Promise<void> {
    const [node, hop] = [this.#node, this.#hop]
    const serving = this.#wanted && !this.#draining
    if (node === undefined || hop === undefined || serving === this.#serving) {
      return
    }
    this.#serving = serving
    if (!serving) {
      await node.unhandle(HOP_PROTOCOL)
      return
    }
    await node.handle(HOP_PROTOCOL, (stream, connection) => hop.serve(stream, connection), {
      maxInboundStreams: CIRCUITS_MAX_PER_PEER,
      maxOutboundStreams: CIRCUITS_MAX_PER_PEER,
      runOnLimitedConnection: false,
    })
    this.#components.logger.info('relaying for others', { maxReservations: this.#maxReservations })
  }

  /** A place is held by a connection: who is gone has none, so that newcomers find room at once. */
  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer
    const left = (this.#node?.getConnections(peer) ?? []).filter(
      ({ id, remoteAddr }) => id !== detail.id && !isRelayedAddress(remoteAddr),
    )
    if (left.length === 0 && this.#reservations.get(peer.toString()) !== undefined) {
      this.#reservations.delete(peer.toString())
      this.#tag(peer, false)
    }
  }

  #tag(peer: PeerId, reserved: boolean): void {
    const tag = reserved ? { value: RELAY_TAG_VALUE, ttl: RESERVATION_MS } : undefined
    this.#node?.peerStore.merge(peer, { tags: { [RESERVED_TAG]: tag } }).catch((error: unknown) => {
      this.#components.logger.debug('a peer could not be tagged', { peerId: peer.toString(), error: String(error) })
    })
  }
}
