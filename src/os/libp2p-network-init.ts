import type { Datastore } from 'interface-datastore'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { DhtMode } from './libp2p-dht-mode.ts'
import { MAX_CONNECTIONS } from './libp2p-limits.ts'
import type { MetricsFactory, TransportFactory } from './libp2p-types.ts'
import { DEFAULT_MAX_RESERVATIONS, type ReachOptions } from './reach/reach-parts.ts'

/** What the libp2p network takes from the system. */
export interface Libp2pNetworkComponents {
  readonly clock: Clock
  /** @default the operating system's */
  readonly random?: Random
  readonly logger: Logger
  /** Keeps the peers between runs. */
  readonly datastore: Datastore
}

/** Options of `Libp2pNetwork`. */
export interface Libp2pNetworkInit {
  /** Seed of the node's Ed25519 key, 32 bytes (RFC 8032). */
  readonly privateKeySeed: Uint8Array
  /** Multiaddrs to listen on; an empty list listens nowhere. @default all IPv4 and IPv6 interfaces, any TCP port */
  readonly listen?: readonly string[]
  /** Multiaddrs to tell others instead of those listened on. @default none */
  readonly announce?: readonly string[]
  /** Multiaddrs with `/p2p/…` of peers to join the network through. @default none */
  readonly bootstrap?: readonly string[]
  /** Finds and answers peers of the LAN by multicast DNS. @default true */
  readonly mdns?: boolean
  /**
   * A server answers lookups and is found by them, also as a custodian; a client only asks. `auto`: a client while it is
   * known that strangers cannot dial this node, or when it listens nowhere; otherwise a server. @default 'auto'
   */
  readonly dhtMode?: DhtMode
  /** Connections at most. @default 256, and one for each reservation above those of an ordinary node */
  readonly maxConnections?: number
  /** Version told to peers. @default '0.0.0' */
  readonly version?: string
  /** The libp2p transport in place of TCP: the simulator's. */
  readonly tcp?: TransportFactory
  /** How to be reached and to help others be. @default all of it */
  readonly reach?: ReachOptions
  /** Counts what libp2p does. @default nobody, and it costs nothing */
  readonly metrics?: MetricsFactory
}

/** Connections of a node with these options: whoever has reserved keeps one open. */
export function maxConnectionsOf({
  maxConnections,
  reach,
}: Pick<Libp2pNetworkInit, 'maxConnections' | 'reach'>): number {
  const reservations = reach?.maxReservations ?? DEFAULT_MAX_RESERVATIONS
  return maxConnections ?? MAX_CONNECTIONS + Math.max(0, reservations - DEFAULT_MAX_RESERVATIONS)
}
