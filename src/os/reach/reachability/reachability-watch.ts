import type { Multiaddr } from '@multiformats/multiaddr'
import type { Reachability, ReachReport } from '../../../system/network.ts'
import type { Libp2pNode, ServiceFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'

/** Finds out whether strangers can dial this node: AutoNAT, what peers observe, the router's port mapping, interfaces. */
export class ReachabilityWatch {
  readonly #init: { readonly announcesPublic: boolean; readonly onChange: () => void }

  constructor(
    _components: ReachComponents,
    init: {
      readonly autonat: boolean
      readonly mapPorts: boolean
      readonly watchInterfaces: boolean
      /** The user's word that strangers can dial this node. */
      readonly announcesPublic: boolean
      /** `reachability()` changed. */
      readonly onChange: () => void
      /** The machine's addresses changed under the running node. */
      readonly onInterfacesChanged: () => void
      /** Whether this node may dial `address` for others (AutoNAT server): public, not asked too often. */
      readonly mayDialFor: (address: Multiaddr) => boolean
    },
  ) {
    this.#init = init
  }

  /** libp2p services by name. */
  services(): Readonly<Record<string, ServiceFactory>> {
    return {}
  }

  start(_node: Libp2pNode): void {}

  async stop(): Promise<void> {}

  reachability(): Reachability {
    return this.#init.announcesPublic ? 'public' : 'unknown'
  }

  report(): Pick<ReachReport, 'reachability' | 'mapping' | 'observed' | 'portMapping'> {
    return { reachability: this.reachability(), mapping: 'unknown', observed: [], portMapping: { state: 'off' } }
  }
}
