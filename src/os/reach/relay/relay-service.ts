import type { ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, ServiceFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'

/** Relays connections for members of the network that hold a reservation, within limits per peer and per network. */
export class RelayService {
  constructor(_components: ReachComponents, _init: { readonly maxReservations: number }) {}

  /** The circuit relay server of the libp2p node. */
  service(): ServiceFactory | undefined {
    return undefined
  }

  /** Starts or ends serving; ending tells those who hold reservations. */
  async serve(_serving: boolean): Promise<void> {}

  start(_node: Libp2pNode): void {}

  async stop(): Promise<void> {}

  report(): Pick<ReachReport, 'relaying'> {
    return { relaying: undefined }
  }
}
