import type { ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'

/** Holds reservations on relays in different networks while others cannot dial this node, and replaces lost ones. */
export class RelayClient {
  constructor(
    _components: ReachComponents,
    _init: {
      /** Reservations to hold. */
      readonly count: number
      /** Called before a relay is dialled or asked. */
      readonly onCandidate: (peerId: string) => void
    },
  ) {}

  /** The circuit relay transport; undefined when no relays are used. */
  transport(): TransportFactory | undefined {
    return undefined
  }

  /** Multiaddrs to listen on for relayed connections. */
  listen(): readonly string[] {
    return []
  }

  /** Whether reservations are needed now. */
  want(_wanted: boolean): void {}

  start(_node: Libp2pNode): void {}

  async stop(): Promise<void> {}

  report(): Pick<ReachReport, 'relays' | 'relayRefusal'> {
    return { relays: [], relayRefusal: undefined }
  }
}
