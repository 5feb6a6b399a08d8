import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import type { PeerIdText } from '../../../system/network.ts'
import { networksOf } from '../../../util/ip-network.ts'
import { RESERVATION_MS, RESERVATIONS_NETWORK_MIN, RESERVATIONS_NETWORK_SHARE } from './relay-limits.ts'

/** A place of a peer at this relay. */
export interface RelayReservation {
  /** The connection over which it asked, by libp2p's id: the one that its NAT keeps open. */
  readonly connectionId: string
  /** The /24 or /48 it came from; undefined for private and loopback addresses. */
  readonly network: string | undefined
  /** On the monotonic clock. */
  readonly expiresMs: number
}

/** Who has a place at this relay; one a peer, a bounded number in all and for each network. */
export class Reservations {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #max: number
  readonly #byPeer = new Map<PeerIdText, RelayReservation>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, max: number) {
    this.#clock = clock
    this.#max = max
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** Gives or renews a place, or says why not. */
  reserve(peerId: PeerIdText, connection: { readonly id: string; readonly remoteAddr: Multiaddr }): 'ok' | 'full' {
    const [network] = networksOf([connection.remoteAddr.toString()])
    this.forgetExpired()
    const others = [...this.#byPeer].filter(([other]) => other !== peerId)
    const neighbours = network === undefined ? 0 : others.filter(([, place]) => place.network === network).length
    if (others.length >= this.#max || neighbours >= this.#maxOfNetwork()) {
      return 'full'
    }
    const expiresMs = this.#clock.monotonicMs() + RESERVATION_MS
    this.#byPeer.set(peerId, { connectionId: connection.id, network, expiresMs })
    return 'ok'
  }

  get(peerId: PeerIdText): RelayReservation | undefined {
    const place = this.#byPeer.get(peerId)
    return place !== undefined && place.expiresMs > this.#clock.monotonicMs() ? place : undefined
  }

  delete(peerId: PeerIdText): void {
    this.#byPeer.delete(peerId)
  }

  peers(): readonly PeerIdText[] {
    return [...this.#byPeer.keys()]
  }

  forgetExpired(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [peerId, { expiresMs }] of this.#byPeer) {
      if (expiresMs <= nowMs) {
        this.#byPeer.delete(peerId)
      }
    }
  }

  #maxOfNetwork(): number {
    return Math.max(RESERVATIONS_NETWORK_MIN, Math.floor(this.#max * RESERVATIONS_NETWORK_SHARE))
  }
}
