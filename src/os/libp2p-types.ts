import type { Identify, IdentifyPush } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { Libp2pOptions } from 'libp2p'

/** Makes a transport from libp2p's components; the simulator brings its own. */
export type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

/** Makes a libp2p service from libp2p's components. */
export type ServiceFactory = NonNullable<NonNullable<Libp2pOptions['services']>[string]>

/** Makes libp2p's metrics from its components. */
export type MetricsFactory = NonNullable<Libp2pOptions['metrics']>

/** The libp2p modules of a node. */
export type KabberServices = { dht: KadDHT; identify: Identify; identifyPush: IdentifyPush; ping: Ping }

/** The libp2p node under a network. */
export type Libp2pNode = Libp2p<KabberServices>
