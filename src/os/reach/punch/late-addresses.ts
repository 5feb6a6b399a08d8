import type { Connection, Peer, PeerId, PeerUpdate } from '@libp2p/interface'
import { isPublicAddress, isRelayedAddress } from '../../libp2p-addresses.ts'
import { tcpFamilyOf } from './punch-addresses.ts'
import { MAX_PUNCHES_AT_ONCE } from './punch-limits.ts'

/** What `LateAddresses` needs. */
export interface LateAddressesComponents {
  readonly getConnections: (peerId: PeerId) => readonly Connection[]
  readonly dialDirectly: (peerId: PeerId, signal: AbortSignal) => Promise<boolean>
  /** There is a direct connection beside this relayed one. */
  readonly onDirect: (relayed: Connection) => void
}

/**
 * Peers to whom only relayed connections lead and who only now tell a public address: a node that has just started learns
 * after seconds that it is public, or that the router has mapped a port. They are dialled at once, by either side. So are
 * peers that called through a relay and do not punch, as relays that everybody can reach do.
 */
export class LateAddresses {
  readonly #components: LateAddressesComponents
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(components: LateAddressesComponents) {
    this.#components = components
  }

  /** libp2p has learned something of a peer. */
  learned({ peer, previous }: PeerUpdate): void {
    if (hasNewPublicAddress(peer, previous)) {
      this.called(peer.id)
    }
  }

  /** A peer that does not punch called through a relay; its public addresses may be known. */
  called(peer: PeerId): void {
    const peerId = peer.toString()
    const isBusy = this.#running.has(peerId) || this.#running.size >= MAX_PUNCHES_AT_ONCE
    if (this.#stopping.signal.aborted || isBusy) {
      return
    }
    const connections = this.#components.getConnections(peer).filter(({ status }) => status === 'open')
    if (connections.length === 0 || connections.some(({ remoteAddr }) => !isRelayedAddress(remoteAddr))) {
      return
    }
    const running = this.#dial(peer, connections).finally(() => this.#running.delete(peerId))
    this.#running.set(peerId, running)
  }

  /** Ends the dials under way. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    await Promise.all(this.#running.values())
  }

  async #dial(peerId: PeerId, relayed: readonly Connection[]): Promise<void> {
    const { dialDirectly, onDirect } = this.#components
    if (await dialDirectly(peerId, this.#stopping.signal).catch(() => false)) {
      for (const connection of relayed) {
        onDirect(connection)
      }
    }
  }
}

function hasNewPublicAddress(peer: Peer, previous: Peer | undefined): boolean {
  const known = new Set(publicAddresses(previous))
  return publicAddresses(peer).some((address) => !known.has(address))
}

function publicAddresses(peer: Peer | undefined): readonly string[] {
  return (peer?.addresses ?? [])
    .map(({ multiaddr }) => multiaddr)
    .filter((address) => isPublicAddress(address) && tcpFamilyOf(address) !== undefined)
    .map(String)
}
