import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { ReachReport } from '../../../system/network.ts'
import { withoutPeerId } from '../../libp2p-addresses.ts'
import { type Punchable, tcpFamilyOf } from './punch-addresses.ts'
import type { IpFamily } from './punch-ports.ts'

/** What the NAT made of a local port, as a relay sees it (RFC 4787 §4.1: its mapping). */
export interface PunchMapping {
  readonly family: IpFamily
  readonly localPort: number
  readonly address: Multiaddr
  /** PeerId of the relay that said so. */
  readonly relay: string
}

/** The mappings of the connections to relays that left from punch ports and are open now. */
export class PunchMappings {
  readonly #mappings = new Map<Connection, PunchMapping>()
  readonly #isPunchable: Punchable
  #learned: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(punchable: Punchable) {
    this.#isPunchable = punchable
  }

  /** A relay told under which address it sees `connection`, which left from `localPort`. */
  learn(connection: Connection, localPort: number, observed: Multiaddr): void {
    const address = withoutPeerId(observed)
    const family = tcpFamilyOf(address)
    if (family !== undefined && this.#isPunchable(address) && connection.status === 'open') {
      if (!this.#mappings.has(connection)) {
        connection.addEventListener('close', () => this.#mappings.delete(connection), { once: true })
      }
      this.#mappings.set(connection, { family, localPort, address, relay: connection.remotePeer.toString() })
      this.#learned.resolve()
      this.#learned = Promise.withResolvers()
    }
  }

  /** Resolves when another mapping has been learned. */
  learned(): Promise<void> {
    return this.#learned.promise
  }

  /** The port of a mapping is of no use. */
  forget({ family, localPort }: PunchMapping): void {
    for (const [connection, mapping] of this.#mappings) {
      if (mapping.family === family && mapping.localPort === localPort) {
        this.#mappings.delete(connection)
      }
    }
  }

  /** At most one for each family: the relay's own before those of others, then the newest. */
  of(relay: string | undefined): readonly PunchMapping[] {
    const chosen = new Map<IpFamily, PunchMapping>()
    for (const mapping of this.#mappings.values()) {
      if (mapping.relay === relay || chosen.get(mapping.family)?.relay !== relay || relay === undefined) {
        chosen.set(mapping.family, mapping)
      }
    }
    return [...chosen.values()]
  }

  /** What relays' views of one port say about the NAT; unknown while only one relay sees it. */
  kind(): Extract<ReachReport['mapping'], 'unknown' | 'endpoint-independent' | 'endpoint-dependent'> {
    const all = [...this.#mappings.values()]
    const pairs = all.flatMap((a) =>
      all.filter((b) => b !== a && isSamePort(a, b) && a.relay !== b.relay).map((b) => [a, b]),
    )
    if (pairs.length === 0) {
      return 'unknown'
    }
    return pairs.every(([a, b]) => a?.address.equals(b?.address)) ? 'endpoint-independent' : 'endpoint-dependent'
  }
}

function isSamePort(a: PunchMapping, b: PunchMapping): boolean {
  return a.family === b.family && a.localPort === b.localPort
}
