import type { ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, ServiceFactory, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { DcutrService } from './dcutr-service.ts'
import type { Punchable } from './punch-addresses.ts'
import { PunchPorts } from './punch-ports.ts'
import type { PunchCounters } from './puncher.ts'
import { punchingTransport, tellingCircuits } from './punching-transport.ts'

/** Options of `HolePunching`. */
export interface HolePunchingInit {
  readonly enabled: boolean
  /** Which addresses can be punched at all, for tests on loopback. @default unicast TCP addresses of other machines */
  readonly punchable?: Punchable
}

/**
 * Direct connections between two nodes behind NATs: TCP simultaneous open from a reused local port, spoken as DCUtR
 * (https://github.com/libp2p/specs/blob/master/relay/DCUtR.md), so that go- and rust-libp2p peers can take part.
 */
export class HolePunching {
  readonly #components: ReachComponents
  readonly #init: HolePunchingInit
  readonly #ports: PunchPorts
  readonly #counters: PunchCounters = { tried: 0, succeeded: 0, refused: 0 }
  #service: DcutrService | undefined

  constructor(components: ReachComponents, init: HolePunchingInit) {
    this.#components = { ...components, logger: components.logger.child('punch') }
    this.#init = init
    this.#ports = new PunchPorts(components.random)
  }

  /** `tcp`, which dials relays and punches from the punch port. */
  transport(tcp: TransportFactory): TransportFactory {
    return this.#init.enabled ? punchingTransport(tcp, this.#ports) : tcp
  }

  /** The circuit transport, whose relays are dialled from the punch port. */
  circuit(circuit: TransportFactory): TransportFactory {
    return this.#init.enabled ? tellingCircuits(circuit, (peerId) => this.useForRelay(peerId)) : circuit
  }

  /** The DCUtR service of the libp2p node, which starts and stops with the node; undefined when turned off. */
  service(): ServiceFactory | undefined {
    if (!this.#init.enabled) {
      return undefined
    }
    return (components) => {
      const { punchable } = this.#init
      this.#service = new DcutrService(this.#components, components, {
        ports: this.#ports,
        counters: this.#counters,
        punchable,
      })
      return this.#service
    }
  }

  /**
   * Dials to this peer leave from the punch port from now on: it is or may become a relay of ours. If it is connected
   * already, a second connection is made when the mapping is needed.
   */
  useForRelay(peerId: string): void {
    this.#ports.markRelay(peerId)
  }

  start(_node: Libp2pNode): void {}

  /** Ends all tries; the node may still run. Idempotent. */
  async stop(): Promise<void> {
    await this.#service?.stop()
  }

  report(): Pick<ReachReport, 'punches'> {
    const { tried, succeeded } = this.#counters
    return { punches: { tried, succeeded } }
  }

  /** Streams that were reset because of what the other side did or named. */
  get refused(): number {
    return this.#counters.refused
  }

  /** What the views of several relays say about the NAT's mapping of the punch port. */
  mapping(): Exclude<ReachReport['mapping'], 'none'> {
    return this.#service?.mappings.kind() ?? 'unknown'
  }
}
