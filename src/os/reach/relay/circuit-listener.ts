import { type Listener, type ListenerEvents, TypedEventEmitter } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Listens where relays pass connections on: at all relays at once, since only reservations make it known. */
export class CircuitListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  #addresses: readonly Multiaddr[] = []

  /** Says under which addresses there are reservations now. */
  announce(addresses: readonly Multiaddr[]): void {
    this.#addresses = addresses
    this.safeDispatchEvent('listening')
  }

  async listen(): Promise<void> {}

  getAddrs(): Multiaddr[] {
    return [...this.#addresses]
  }

  async close(): Promise<void> {
    this.#addresses = []
    this.safeDispatchEvent('close')
  }

  updateAnnounceAddrs(): void {}
}
