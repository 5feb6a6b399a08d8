import { createNode, type KabberNode } from '../../src/index.ts'
import type { Home } from '../find-home.ts'
import { listenAddresses } from '../listen-addresses.ts'
import { programVersion } from '../version.ts'
import type { NetworkOptions } from './network-options.ts'
import { openRelayStore } from './open-store.ts'

/** How to run a relay. */
export interface OpenRelayOptions extends NetworkOptions {
  /** Bytes of letters kept for others. @default 512 MiB; 0: none, and it is only a client of the DHT */
  readonly storageBytes: number | undefined
  /** Nodes behind NATs that it relays for at most. */
  readonly reservations: number
}

/** A relay that runs in this process. */
export interface RunningRelay {
  readonly node: KabberNode
  /** Hands over and tells others what it can, then stops. */
  stop(): Promise<void>
}

/**
 * Opens a home for a relay, makes its node key at the first start, and starts a node without accounts that serves others in
 * every way there is: DHT, letters, relay, AutoNAT.
 *
 * @throws CliError, StoreError, or the failure of the network to listen
 */
export async function openRelay(home: Home, options: OpenRelayOptions): Promise<RunningRelay> {
  const loading = import('../../src/os/open-system.ts')
  const { store, keys } = await openRelayStore(home)
  const { openSystem } = await loading
  const system = openSystem(store, {
    nodeSeed: keys.node.seed,
    listen: await listenAddresses(keys.node.peerId, options.listen),
    announce: options.announce,
    bootstrap: options.bootstrap,
    // Its neighbours in a data centre are none of its business.
    mdns: false,
    dhtMode: options.storageBytes === 0 ? 'client' : 'server',
    reach: { serveOthers: 'on', maxReservations: options.reservations, relays: 0, punch: false, mapPorts: false },
    version: programVersion(),
    ...options.log,
  })
  const node = createNode(system, {
    ...keys,
    ...(options.storageBytes === undefined ? {} : { storageBytes: options.storageBytes }),
  })
  try {
    await node.start()
  } catch (error) {
    await node.stop().catch(() => {})
    throw error
  }
  return { node, stop: () => node.stop() }
}
