import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timer } from '../../../system/clock.ts'
import type { PeerIdText, ReachReport } from '../../../system/network.ts'
import type { Libp2pNode } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { directConnections } from './relay-finder.ts'
import * as limits from './relay-limits.ts'
import { breakIfSilent } from './relay-pings.ts'
import type { GivenReservation } from './reserve.ts'

/** Keeps the connection to a relay when others are closed for want of room. No `keep-alive`: libp2p would dial it anew by itself. */
const RELAY_TAG = 'kabber-relay'

interface HeldReservation {
  readonly connectionId: string
  readonly addresses: readonly Multiaddr[]
  /** On the monotonic clock. */
  readonly expiresMs: number
  /** False once it is not wanted any more: who knows the address still gets through until it expires. */
  announced: boolean
}

/** The reservations of this node: announced to others, their connections watched and kept. */
export class HeldReservations {
  readonly #components: Pick<ReachComponents, 'clock' | 'logger'>
  readonly #node: Pick<Libp2pNode, 'getConnections' | 'peerStore'>
  readonly #announce: (addresses: readonly Multiaddr[]) => void
  readonly #held = new Map<PeerIdText, HeldReservation>()
  #pings: Timer | undefined

  constructor(
    components: Pick<ReachComponents, 'clock' | 'logger'>,
    init: {
      readonly node: Pick<Libp2pNode, 'getConnections' | 'peerStore'>
      /** Called with all addresses at which this node has reservations, when they changed. */
      readonly announce: (addresses: readonly Multiaddr[]) => void
    },
  ) {
    this.#components = components
    this.#node = init.node
    this.#announce = init.announce
  }

  stop(): void {
    this.#pings?.cancel()
  }

  /** Whether the relay may pass connections on to this node. */
  admits(relay: PeerIdText): boolean {
    const held = this.#held.get(relay)
    return held !== undefined && held.expiresMs > this.#components.clock.monotonicMs()
  }

  hangsOn(connection: Connection): boolean {
    return this.#held.get(connection.remotePeer.toString())?.connectionId === connection.id
  }

  /** Notes what the relay at the other end of `connection` gave or renewed; for how many milliseconds it will do. */
  hold(connection: Connection, given: GivenReservation): number {
    const { clock, logger } = this.#components
    const peerId = connection.remotePeer.toString()
    const saidMs = given.expiresMs - clock.wallMs()
    const forMs = Math.min(Math.max(saidMs, limits.RESERVATION_MIN_MS), limits.RESERVATION_MAX_MS)
    const before = this.#held.get(peerId)
    this.#held.set(peerId, {
      connectionId: connection.id,
      // A relay cannot make this node tell new addresses all the time.
      addresses: before?.announced ? before.addresses : given.addresses,
      expiresMs: clock.monotonicMs() + forMs,
      announced: true,
    })
    this.#pings ??= clock.schedule(limits.RELAY_PING_INTERVAL_MS, () => this.#pingRound())
    this.#tag(connection.remotePeer, true)
    if (!before?.announced) {
      logger.info('reachable through a relay', { address: given.addresses.join(' ') })
      this.#tell()
    }
    return forMs
  }

  /** The reservation is not wanted any more. */
  drop(peerId: PeerIdText): void {
    const held = this.#held.get(peerId)
    if (held?.announced) {
      held.announced = false
      this.#tag(peerIdFromString(peerId), false)
      this.#tell()
    }
  }

  /** The connection of the reservation is gone. */
  lose(peerId: PeerIdText): void {
    if (this.#held.get(peerId)?.announced) {
      this.#components.logger.info('a relay is lost', { peerId })
    }
    this.drop(peerId)
    this.#held.delete(peerId)
  }

  /** Breaks the connections of relays that do not answer. */
  pingAll(): void {
    for (const [peerId, { connectionId, announced }] of this.#held) {
      const connections = directConnections(this.#node, peerIdFromString(peerId))
      const connection = connections.find(({ id }) => id === connectionId)
      if (connection !== undefined && announced) {
        void breakIfSilent(connection, this.#components.clock)
      }
    }
  }

  report(): ReachReport['relays'] {
    const { clock } = this.#components
    const toWallMs = clock.wallMs() - clock.monotonicMs()
    return [...this.#held]
      .filter(([, { announced }]) => announced)
      .map(([peerId, { addresses, expiresMs }]) => ({
        peerId,
        address: addresses[0]?.toString() ?? '',
        expiresMs: Math.round(expiresMs + toWallMs),
      }))
  }

  #tell(): void {
    const announced = [...this.#held.values()].filter((held) => held.announced)
    this.#announce(announced.flatMap(({ addresses }) => addresses))
  }

  #pingRound(): void {
    this.pingAll()
    const { clock } = this.#components
    const again = this.#held.size > 0
    this.#pings = again ? clock.schedule(limits.RELAY_PING_INTERVAL_MS, () => this.#pingRound()) : undefined
  }

  #tag(peer: PeerId, isRelay: boolean): void {
    const tag = isRelay ? { value: limits.RELAY_TAG_VALUE, ttl: limits.RESERVATION_MAX_MS } : undefined
    this.#node.peerStore.merge(peer, { tags: { [RELAY_TAG]: tag } }).catch((error: unknown) => {
      this.#components.logger.debug('a relay could not be tagged', { peerId: peer.toString(), error: String(error) })
    })
  }
}
