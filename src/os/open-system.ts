import type { Logger } from '../system/logger.ts'
import type { Store } from '../system/store.ts'
import type { System } from '../system/system.ts'
import type { DhtMode } from './libp2p-dht-mode.ts'
import { Libp2pNetwork } from './libp2p-network.ts'
import type { MetricsFactory } from './libp2p-types.ts'
import { OsClock } from './os-clock.ts'
import { OsRandom } from './os-random.ts'
import { servePeerTime } from './peer-time.ts'
import type { ReachOptions } from './reach/reach-parts.ts'
import { isLogLevel, StderrLogger } from './stderr-logger.ts'
import { StoreDatastore } from './store-datastore.ts'

/** What a node on this machine may be told. */
export interface OpenSystemOptions {
  /** Seed of the node key, 32 bytes. */
  readonly nodeSeed: Uint8Array
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs with `/p2p/…` of nodes to join the network through. @default none */
  readonly bootstrap?: readonly string[]
  /** Looks for nodes on the LAN. @default true */
  readonly mdns?: boolean
  /** A `server` answers lookups and is found as a custodian, a `client` only asks; `auto`: as others can dial it. @default 'server' */
  readonly dhtMode?: DhtMode
  /** Told to peers. @default '0.0.0' */
  readonly version?: string
  /** Multiaddrs to tell others instead of those listened on. @default none */
  readonly announce?: readonly string[]
  /** How to be reached and to help others be. @default all of it */
  readonly reach?: ReachOptions
  /** Counts what libp2p does. @default nobody */
  readonly metrics?: MetricsFactory
  /** `debug`, `info`, `warn`, `error` or `silent`. @default 'warn' */
  readonly logLevel?: string
  /** @default 'text' */
  readonly logFormat?: 'text' | 'json'
}

/** The real machine as a `System`. */
export interface OsSystem extends System {
  readonly network: Libp2pNetwork
}

/** Opens the real machine: libp2p over TCP, the system's clock and randomness, log lines on stderr. */
export function openSystem(store: Store, options: OpenSystemOptions): OsSystem {
  const clock = new OsClock()
  const random = new OsRandom()
  const logger = stderrLogger(clock, options)
  const network = new Libp2pNetwork(
    {
      clock,
      random,
      logger: logger.child('network'),
      datastore: new StoreDatastore({ store, clock, logger: logger.child('network') }),
    },
    {
      privateKeySeed: options.nodeSeed,
      listen: options.listen,
      bootstrap: options.bootstrap ?? [],
      mdns: options.mdns ?? true,
      dhtMode: options.dhtMode ?? 'server',
      ...(options.announce === undefined ? {} : { announce: options.announce }),
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
      ...(options.reach === undefined ? {} : { reach: options.reach }),
      ...(options.version === undefined ? {} : { version: options.version }),
    },
  )
  servePeerTime(network, clock)
  return { clock, random, network, store, logger }
}

function stderrLogger(clock: OsClock, { logLevel = 'warn', logFormat = 'text' }: OpenSystemOptions): Logger {
  return new StderrLogger({ clock, level: isLogLevel(logLevel) ? logLevel : 'warn', format: logFormat })
}
