import { resolve } from 'node:path'
import { createGateway, createNode, type Gateway, type KabberNode, type System } from '../../src/index.ts'
import { FolderFileStore } from '../../src/os/folder-file-store.ts'
import { WEB_SOCKET_PATH } from '../../src/os/web-sockets.ts'
import type { Home } from '../find-home.ts'
import type { HostPort } from '../host-port.ts'
import { listenAddresses } from '../listen-addresses.ts'
import { programVersion } from '../version.ts'
import { readAccountsFile, setPasswords } from './accounts-file.ts'
import { ClientDoors, type ClientEndpoints } from './client-doors.ts'
import type { ClientOptions, Door } from './client-options.ts'
import { certificatePath, homeCertificate } from './home-certificate.ts'
import type { NetworkOptions } from './network-options.ts'
import { openStore } from './open-store.ts'
import { Operations } from './operations.ts'
import { startNode } from './start-node.ts'
import { webPages } from './web-page.ts'

/** How to run the node of a home. */
export interface OpenNodeOptions extends NetworkOptions {
  readonly mdns: boolean
  /** Bytes of letters kept for others. @default 512 MiB; 0: none, and the node is only a client of the DHT */
  readonly storageBytes: number | undefined
  readonly clients: ClientOptions
  readonly metrics: Door
}

/** A node that runs in this process, with its doors for clients. */
export interface RunningNode {
  readonly node: KabberNode
  readonly gateway: Gateway
  /** Multiaddrs it was told to listen on. */
  readonly listen: readonly string[]
  /** Where its metrics are. */
  readonly metrics: HostPort | undefined
  readonly endpoints: ClientEndpoints
  /** What clients are shown. */
  readonly certificate: { readonly path: string; readonly fingerprint: string }
  /** Closes the doors, ends the clients' sessions, then the node. */
  stop(): Promise<void>
}

/**
 * Opens a home and starts its node and the XMPP server in it. The store's lock, taken first, keeps a second node out.
 *
 * @throws CliError, StoreError, or the failure of the network to listen
 */
export async function openNode(home: Home, options: OpenNodeOptions): Promise<RunningNode> {
  // In parallel with the store, for libp2p is most of the time it takes to start.
  const loading = import('../../src/os/open-system.ts')
  const accounts = options.clients.accounts === undefined ? [] : readAccountsFile(options.clients.accounts)
  const { store, keys } = await openStore(home, accounts)
  const certificate = homeCertificate(home, options.clients.certificate)
  // It is waited for below; until then its failure is nobody's.
  certificate.catch(() => {})
  const operations = await Operations.open({ home, store, metrics: options.metrics, statusSocket: false })
  const { openSystem } = await loading
  const listen = await listenAddresses(keys.node.peerId, options.listen)
  const system = openSystem(store, {
    nodeSeed: keys.node.seed,
    listen,
    announce: options.announce,
    bootstrap: options.bootstrap,
    mdns: options.mdns,
    dhtMode: options.storageBytes === 0 ? 'client' : 'auto',
    version: programVersion(),
    ...(operations.metrics === undefined ? {} : { metrics: operations.metrics.libp2p }),
    ...options.log,
  })
  const node = createNode(system, {
    ...keys,
    ...(options.storageBytes === undefined ? {} : { storageBytes: options.storageBytes }),
  })
  const stops = [() => operations.stop(), () => node.stop()]
  const stop = async (): Promise<void> => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) {
      await next()
    }
  }
  try {
    const metrics = await operations.start()
    const gateway = openGateway(system, node, home)
    stops.push(() => gateway.stop())
    await setPasswords(gateway.passwords, keys, accounts)
    gateway.start()
    await startNode(node)
    operations.started(node)
    const doors = new ClientDoors({
      peerId: node.peerId,
      socketPath: home.controlSocketPath,
      options: options.clients,
      certificate: await certificate,
      gateway,
      pages: [webPages()],
      logger: system.logger.child('web'),
    })
    stops.push(() => doors.stop())
    const { fingerprint } = await certificate
    const path = resolve(options.clients.certificate?.cert ?? certificatePath(home))
    return { node, gateway, listen, metrics, endpoints: await doors.start(), certificate: { path, fingerprint }, stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

function openGateway({ clock, random, store, logger }: System, node: KabberNode, home: Home): Gateway {
  return createGateway(
    { clock, random, store, logger: logger.child('gateway') },
    {
      node,
      version: programVersion(),
      files: new FolderFileStore(home.uploadsPath),
      websocketPath: WEB_SOCKET_PATH,
    },
  )
}
