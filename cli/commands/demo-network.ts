import { join } from 'node:path'
import { createNode, type KabberNode, NodeKey, nodeSchema } from '../../src/index.ts'
import { openSystem } from '../../src/os/open-system.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import type { CommandContext } from '../context.ts'
import { findHome } from '../find-home.ts'
import { stopSignal } from '../node/stop-signal.ts'

/**
 * `kabber demo-network [--nodes N] [--bootstrap MULTIADDR]…`, started by `kabber demo` and by tests: nodes without
 * accounts in one process, as they would run on the machines of strangers. They route lookups and keep account records
 * and letters. Each has a folder in the home, `node-1` and so on.
 */
export async function demoNetwork(
  context: CommandContext,
  _args: readonly string[],
  options: { nodes: number; bootstrap?: readonly string[] },
): Promise<void> {
  const stopped = stopSignal((text) => context.output.note(text))
  const { path } = findHome(context)
  const nodes: KabberNode[] = []
  const addresses: string[] = []
  try {
    for (let index = 0; index < options.nodes; index++) {
      const known = [...(options.bootstrap ?? []), ...addresses].slice(-2)
      const node = openDemoNode(join(path, `node-${index + 1}`, 'kabber.sqlite'), known)
      nodes.push(node)
      await node.start()
      addresses.push(`${node.status().addresses[0]}/p2p/${node.peerId}`)
    }
    context.output.result({ event: 'ready', addresses }, addresses.join('\n'))
    await stopped
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

function openDemoNode(storePath: string, bootstrap: readonly string[]): KabberNode {
  const key = NodeKey.fromSeed(new OsRandom().bytes(32))
  const system = openSystem(openSqliteStore(storePath, nodeSchema), {
    nodeSeed: key.seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    mdns: false,
    logLevel: process.env.KABBER_LOG ?? 'error',
  })
  return createNode(system, { node: key, accounts: [] })
}
