import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import { abortable } from '../../../util/abortable.ts'
import { isRelayedAddress } from '../../libp2p-addresses.ts'
import { LEARN_TIMEOUT_MS } from './punch-limits.ts'
import type { PunchMapping, PunchMappings } from './punch-mappings.ts'
import type { PunchPorts } from './punch-ports.ts'
import { relayOf } from './punching-transport.ts'

/** What the learner takes from libp2p and from its neighbours. */
export interface MappingLearnerComponents {
  readonly clock: Pick<Clock, 'timeoutSignal'>
  readonly ports: PunchPorts
  readonly mappings: PunchMappings
  readonly connectionManager: {
    getConnections(peerId: PeerId): readonly Connection[]
    openConnection(
      target: PeerId | Multiaddr,
      options: { readonly signal: AbortSignal; readonly force: true },
    ): Promise<Connection>
  }
}

/**
 * Sees to it that this node knows a mapping of its own before it punches: where no relay was dialled from a punch port,
 * because it was connected before anybody knew that it would be a relay, a second connection to it is made.
 */
export class MappingLearner {
  readonly #components: MappingLearnerComponents
  /** By relay; as many as there are punches at a time. */
  readonly #learning = new Map<string, Promise<void>>()
  readonly #extra = new Set<Connection>()

  constructor(components: MappingLearnerComponents) {
    this.#components = components
  }

  /**
   * The mappings to announce on a relayed connection, of ports never used before if they are to be `isFresh`; empty when
   * there is no way to learn one.
   */
  async mappings(relayed: Connection, isFresh = false): Promise<readonly PunchMapping[]> {
    const relay = relayOf(relayed.remoteAddr)
    const known = this.#components.mappings.of(relay)
    if (relay === undefined || (known.length > 0 && !isFresh)) {
      return known
    }
    for (const mapping of known) {
      this.spoil(mapping)
    }
    let learning = this.#learning.get(relay)
    if (learning === undefined) {
      learning = this.#learn(relay).finally(() => this.#learning.delete(relay))
      this.#learning.set(relay, learning)
    }
    await learning.catch(() => {})
    return this.#components.mappings.of(relay)
  }

  /** The port of a mapping is of no use: another one is taken from now on. */
  spoil(mapping: PunchMapping): void {
    this.#components.mappings.forget(mapping)
    this.#components.ports.replace(mapping.family, mapping.localPort)
  }

  /** No punch is under way: ends the second connections that carry nothing. */
  release(): void {
    for (const connection of this.#extra) {
      if (connection.streams.length === 0) {
        connection.close().catch((error: Error) => connection.abort(error))
      }
    }
    this.#extra.clear()
  }

  async #learn(relay: string): Promise<void> {
    const { clock, ports, mappings, connectionManager } = this.#components
    const signal = clock.timeoutSignal(LEARN_TIMEOUT_MS)
    const peerId = peerIdFromString(relay)
    const open = connectionManager.getConnections(peerId).filter(({ remoteAddr }) => !isRelayedAddress(remoteAddr))
    const learned = mappings.learned()
    const isPending = (connection: Connection): boolean => ports.isCurrent(ports.localPortOf(connection))
    if (!open.some(isPending)) {
      ports.markRelay(relay)
      const outbound = open.find(({ direction }) => direction === 'outbound')
      this.#extra.add(await connectionManager.openConnection(outbound?.remoteAddr ?? peerId, { signal, force: true }))
    }
    // libp2p asks each new connection how the other side sees us (identify).
    await abortable(learned, signal)
  }
}
