import { createNode, type KabberNode, nodeSchema, type OwnKeys, readOwnKeys, type Store } from '../../src/index.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { CliError } from '../cli-error.ts'
import { controlMethods } from '../control/methods.ts'
import { ControlServer } from '../control/server.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import { listenAddresses } from '../listen-addresses.ts'
import { programVersion } from '../version.ts'

/** How to run the node of a home. */
export interface OpenNodeOptions {
  /** @default all interfaces on the port of this home */
  readonly listen: readonly string[] | undefined
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  /** Bytes of letters kept for others. @default 512 MiB; 0: none, and the node is only a client of the DHT */
  readonly storageBytes: number | undefined
}

/** A node that runs in this process, with its control socket. */
export interface RunningNode {
  readonly node: KabberNode
  /** Closes the control socket, then the node. */
  stop(): Promise<void>
}

/**
 * Opens a home and starts its node. The store's lock, taken first, keeps a second node out.
 *
 * @throws CliError, StoreError, or the failure of the network to listen
 */
export async function openNode(home: Home, options: OpenNodeOptions): Promise<RunningNode> {
  // In parallel with the store, for libp2p is most of the time it takes to start.
  const loading = import('../../src/os/open-system.ts')
  const { store, keys } = await openStore(home)
  const { openSystem } = await loading
  const system = openSystem(store, {
    nodeSeed: keys.node.seed,
    listen: await listenAddresses(keys.node.peerId, options.listen),
    bootstrap: options.bootstrap,
    mdns: options.mdns,
    dhtMode: options.storageBytes === 0 ? 'client' : 'server',
    version: programVersion(),
    logLevel: process.env.KABBER_LOG ?? 'warn',
  })
  const node = createNode(system, {
    ...keys,
    ...(options.storageBytes === undefined ? {} : { storageBytes: options.storageBytes }),
  })
  const logger = system.logger.child('control')
  const control = new ControlServer({ path: home.controlSocketPath, methods: controlMethods(node), logger })
  const stop = async (): Promise<void> => {
    await control.stop()
    await node.stop()
  }
  try {
    await node.start()
    await control.start()
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
  return { node, stop }
}

async function openStore(home: Home): Promise<{ store: Store; keys: OwnKeys }> {
  if (!home.exists()) {
    throw noAccount(home)
  }
  const store = openSqliteStore(home.storePath, nodeSchema)
  const keys = readOwnKeys(store.read)
  if (keys === undefined) {
    await store.close()
    throw noAccount(home)
  }
  return { store, keys }
}

function noAccount(home: Home): CliError {
  return new CliError(
    EXIT_CODES.failed,
    'item-not-found',
    `there is no account in ${home.path}; make one with: kabber --home ${home.path} init`,
  )
}
