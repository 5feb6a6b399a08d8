import type { ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, ServiceFactory, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { PunchPorts } from './punch-ports.ts'
import { punchingTransport, tellingCircuits } from './punching-transport.ts'

/** Direct connections between two nodes behind NATs: TCP simultaneous open from a reused local port, spoken as DCUtR. */
export class HolePunching {
  readonly #enabled: boolean
  readonly #ports: PunchPorts

  constructor(components: ReachComponents, init: { readonly enabled: boolean }) {
    this.#enabled = init.enabled
    this.#ports = new PunchPorts(components.random)
  }

  /** `tcp`, which dials relays and punches from the punch port. */
  transport(tcp: TransportFactory): TransportFactory {
    return this.#enabled ? punchingTransport(tcp, this.#ports) : tcp
  }

  /** The circuit transport, whose relays are dialled from the punch port. */
  circuit(circuit: TransportFactory): TransportFactory {
    return this.#enabled ? tellingCircuits(circuit, (peerId) => this.useForRelay(peerId)) : circuit
  }

  /** The DCUtR service of the libp2p node; undefined when turned off. */
  service(): ServiceFactory | undefined {
    return undefined
  }

  /** Dials to this peer leave from the punch port from now on: it is or may become a relay of ours. */
  useForRelay(peerId: string): void {
    this.#ports.markRelay(peerId)
  }

  start(_node: Libp2pNode): void {}

  async stop(): Promise<void> {}

  report(): Pick<ReachReport, 'punches'> {
    return { punches: { tried: 0, succeeded: 0 } }
  }
}
