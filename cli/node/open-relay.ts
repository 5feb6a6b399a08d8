import { createNode, type KabberNode } from '../../src/index.ts'
import type { OsSystem } from '../../src/os/open-system.ts'
import type { Home } from '../find-home.ts'
import type { HostPort } from '../host-port.ts'
import { listenAddresses } from '../listen-addresses.ts'
import { programVersion } from '../version.ts'
import type { Door } from './client-options.ts'
import type { NetworkOptions } from './network-options.ts'
import { type OpenedStore, openRelayStore } from './open-store.ts'
import { Operations } from './operations.ts'
import { startNode } from './start-node.ts'

/** How to run a relay. */
export interface OpenRelayOptions extends NetworkOptions {
  /** Bytes of letters kept for others. @default 512 MiB; 0: none, and it is only a client of the DHT */
  readonly storageBytes: number | undefined
  /** Nodes behind NATs that it relays for at most. */
  readonly reservations: number
  readonly metrics: Door
}

/** A relay that runs in this process. */
export interface RunningRelay {
  readonly node: KabberNode
  /** Multiaddrs it was told to listen on. */
  readonly listen: readonly string[]
  /** Where its metrics are. */
  readonly metrics: HostPort | undefined
  /** Tells those who rely on it, hands over what it keeps, then stops. */
  stop(): Promise<void>
}

/**
 * Opens a home for a relay, makes its node key at the first start, and starts a node without accounts that serves others in
 * every way there is: DHT, letters, relay, AutoNAT.
 *
 * @throws CliError, StoreError, or the failure of the network to listen
 */
export async function openRelay(home: Home, options: OpenRelayOptions): Promise<RunningRelay> {
  const opened = await openRelayStore(home)
  const { store } = opened
  let node: KabberNode | undefined
  const operations = await Operations.open({ home, store, metrics: options.metrics, statusSocket: true })
  try {
    const metrics = await operations.start()
    const listen = await listenAddresses(opened.keys.node.peerId, options.listen)
    const system = await relaySystem(opened, { ...options, listen }, operations)
    node = createNode(system, {
      ...opened.keys,
      ...(options.storageBytes === undefined ? {} : { storageBytes: options.storageBytes }),
    })
    await startNode(node)
    operations.started(node)
    const { network } = system
    return { node, listen, metrics, stop: () => stopRelay(operations, network, () => node?.stop()) }
  } catch (error) {
    await operations.stop()
    await (node ?? { stop: () => store.close() }).stop().catch(() => {})
    throw error
  }
}

async function relaySystem(
  { store, keys }: OpenedStore,
  options: OpenRelayOptions & { readonly listen: readonly string[] },
  { metrics }: Operations,
): Promise<OsSystem> {
  const { openSystem } = await import('../../src/os/open-system.ts')
  return openSystem(store, {
    nodeSeed: keys.node.seed,
    listen: options.listen,
    announce: options.announce,
    bootstrap: options.bootstrap,
    // Its neighbours in a data centre are none of its business.
    mdns: false,
    dhtMode: options.storageBytes === 0 ? 'client' : 'server',
    reach: { serveOthers: 'on', maxReservations: options.reservations, relays: 0, punch: false, mapPorts: false },
    version: programVersion(),
    ...(metrics === undefined ? {} : { metrics: metrics.libp2p }),
    ...options.log,
  })
}

/** Who holds a reservation is told first, and finds another relay while letters are handed over. */
async function stopRelay(
  operations: Operations,
  network: Pick<OsSystem['network'], 'drain'>,
  stopNode: () => Promise<void> | undefined,
): Promise<void> {
  operations.draining()
  await network.drain().catch(() => {})
  await stopNode()
  await operations.stop()
}
