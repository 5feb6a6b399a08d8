import type {
  Connection,
  ConnectionGater,
  IdentifyResult,
  PeerId,
  PeerUpdate,
  Stream,
  Topology,
} from '@libp2p/interface'
import { isRelayedAddress } from '../../libp2p-addresses.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { type DirectDialComponents, dialDirectly } from './direct-dial.ts'
import { LateAddresses } from './late-addresses.ts'
import { MappingLearner, type MappingLearnerComponents } from './mapping-learner.ts'
import { isPunchable, type Punchable } from './punch-addresses.ts'
import { PunchBudget } from './punch-budget.ts'
import { DCUTR_MAX_STREAMS } from './punch-limits.ts'
import { PunchMappings } from './punch-mappings.ts'
import type { PunchPorts } from './punch-ports.ts'
import { PunchTries } from './punch-tries.ts'
import { DCUTR_PROTOCOL, type PunchCounters, Puncher, type PuncherComponents } from './puncher.ts'
import { RelayedRetirement } from './relayed-retirement.ts'

/** What the service takes from libp2p. */
export interface DcutrComponents {
  readonly peerId: PeerId
  readonly peerStore: DirectDialComponents['peerStore']
  readonly connectionGater: Pick<ConnectionGater, 'denyDialMultiaddr'>
  readonly connectionManager: DirectDialComponents['connectionManager'] & MappingLearnerComponents['connectionManager']
  readonly transportManager: { dial: PuncherComponents['dial'] }
  readonly registrar: {
    handle(
      protocol: string,
      handler: (stream: Stream, connection: Connection) => void,
      options: { maxInboundStreams: number; maxOutboundStreams: number; runOnLimitedConnection: true },
    ): Promise<void>
    unhandle(protocol: string): Promise<void>
    register(protocol: string, topology: Topology): Promise<string>
    unregister(id: string): void
  }
  readonly events: {
    addEventListener(type: 'peer:identify', listener: (event: CustomEvent<IdentifyResult>) => void): void
    addEventListener(type: 'connection:open', listener: (event: CustomEvent<Connection>) => void): void
    addEventListener(type: 'peer:update', listener: (event: CustomEvent<PeerUpdate>) => void): void
    removeEventListener(type: 'peer:identify', listener: (event: CustomEvent<IdentifyResult>) => void): void
    removeEventListener(type: 'connection:open', listener: (event: CustomEvent<Connection>) => void): void
    removeEventListener(type: 'peer:update', listener: (event: CustomEvent<PeerUpdate>) => void): void
  }
}

/** What the service takes from the module. */
export interface DcutrInit {
  readonly ports: PunchPorts
  readonly counters: PunchCounters
  /** For tests on loopback. @default `isPunchable` */
  readonly punchable?: Punchable | undefined
}

/** The libp2p service of DCUtR: wires tries, mappings and budget to the node's connections. */
export class DcutrService {
  readonly mappings: PunchMappings
  readonly #components: DcutrComponents
  readonly #ports: PunchPorts
  readonly #learner: MappingLearner
  readonly #tries: PunchTries
  readonly #retirement: RelayedRetirement
  readonly #late: LateAddresses
  #topology: string | undefined

  constructor(reach: ReachComponents, components: DcutrComponents, init: DcutrInit) {
    const { connectionManager, connectionGater, transportManager, peerStore } = components
    const { clock } = reach
    const punchable = init.punchable ?? isPunchable
    const budget = new PunchBudget(clock)
    this.#components = components
    this.#ports = init.ports
    this.mappings = new PunchMappings(punchable)
    this.#learner = new MappingLearner({ clock, ports: init.ports, mappings: this.mappings, connectionManager })
    this.#retirement = new RelayedRetirement(clock, ({ remotePeer }) => this.#hasDirect(remotePeer))
    const directly = (peerId: PeerId, signal: AbortSignal): Promise<boolean> =>
      dialDirectly({ clock, peerStore, connectionManager }, peerId, signal)
    this.#late = new LateAddresses({
      getConnections: (peerId) => connectionManager.getConnections(peerId),
      dialDirectly: directly,
      onDirect: (relayed) => this.#retirement.retire(relayed),
    })
    const puncher = new Puncher({
      clock,
      budget,
      mappings: (relayed, isFresh) => this.#learner.mappings(relayed, isFresh),
      spoil: (mapping) => this.#learner.spoil(mapping),
      mayDial: async (address) => punchable(address) && (await connectionGater.denyDialMultiaddr?.(address)) !== true,
      dial: (address, options) => transportManager.dial(address, options),
      counters: init.counters,
    })
    this.#tries = new PunchTries({
      clock,
      logger: reach.logger,
      ownPeerId: components.peerId.toString(),
      puncher,
      budget,
      counters: init.counters,
      dialDirectly: directly,
      hasDirect: (peerId) => this.#hasDirect(peerId),
      onDirect: (relayed) => this.#retirement.retire(relayed),
      onIdle: () => this.#learner.release(),
    })
  }

  /** libp2p calls it when the node starts. */
  async start(): Promise<void> {
    const { registrar, events } = this.#components
    events.addEventListener('peer:identify', this.#onIdentify)
    events.addEventListener('connection:open', this.#onOpen)
    events.addEventListener('peer:update', this.#onUpdate)
    this.#topology = await registrar.register(DCUTR_PROTOCOL, {
      notifyOnLimitedConnection: true,
      onConnect: (_peerId, connection) => {
        if (isRelayedAddress(connection.remoteAddr) && connection.direction === 'inbound') {
          this.#tries.upgrade(connection)
        }
      },
    })
    await registrar.handle(DCUTR_PROTOCOL, (stream, connection) => this.#tries.serve(stream, connection), {
      maxInboundStreams: DCUTR_MAX_STREAMS,
      maxOutboundStreams: DCUTR_MAX_STREAMS,
      runOnLimitedConnection: true,
    })
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const { registrar, events } = this.#components
    events.removeEventListener('peer:identify', this.#onIdentify)
    events.removeEventListener('connection:open', this.#onOpen)
    events.removeEventListener('peer:update', this.#onUpdate)
    if (this.#topology !== undefined) {
      registrar.unregister(this.#topology)
      this.#topology = undefined
      await registrar.unhandle(DCUTR_PROTOCOL)
    }
    this.#retirement.stop()
    await Promise.all([this.#tries.stop(), this.#late.stop()])
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { connection, observedAddr, protocols } = detail
    const isCalled = connection.direction === 'inbound' && isRelayedAddress(connection.remoteAddr)
    if (isCalled && !protocols.includes(DCUTR_PROTOCOL)) {
      this.#late.called(connection.remotePeer)
    }
    const localPort = this.#ports.localPortOf(connection)
    if (localPort !== undefined && observedAddr !== undefined) {
      this.mappings.learn(connection, localPort, observedAddr)
    }
  }

  /** The mapping will be needed soon: the other side begins as soon as it knows that this one speaks DCUtR. */
  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (isRelayedAddress(connection.remoteAddr) && !this.#hasDirect(connection.remotePeer)) {
      void this.#learner.mappings(connection)
    }
  }

  readonly #onUpdate = ({ detail }: CustomEvent<PeerUpdate>): void => this.#late.learned(detail)

  #hasDirect(peerId: PeerId): boolean {
    const connections = this.#components.connectionManager.getConnections(peerId)
    return connections.some(({ status, remoteAddr }) => status === 'open' && !isRelayedAddress(remoteAddr))
  }
}
