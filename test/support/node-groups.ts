import { join } from 'node:path'
import type { Children, KabberChild } from '../../cli/demo/child.ts'

/** Processes started at once; each is busy for half a second. */
const STARTED_AT_ONCE = 2

/** Nodes without accounts that share a process, and so their death. */
export interface NodeGroup {
  readonly size: number
  /** With `/p2p/…`, one a node. */
  readonly addresses: readonly string[]
  /** The node's folders `node-1` and so on are in it. */
  readonly home: string
  readonly process: KabberChild
}

/** Starts a network of nodes on loopback, `sizes` of them in one process each; each joins through earlier ones. */
export async function startGroups(children: Children, folder: string, sizes: readonly number[]): Promise<NodeGroup[]> {
  const groups: NodeGroup[] = []
  const start = async (size: number, index: number): Promise<NodeGroup> => {
    const home = join(folder, `group-${index}`)
    const known = [groups[0], groups.at(-1)].flatMap((group) => group?.addresses.slice(0, 1) ?? [])
    const bootstrap = known.flatMap((address) => ['--bootstrap', address])
    const process = children.run(['--home', home, 'demo-network', '--nodes', String(size), ...bootstrap])
    return { size, home, process, addresses: (await process.firstLine).addresses as string[] }
  }
  for (let index = 0; index < sizes.length; ) {
    const batch = sizes.slice(index, index + (index === 0 ? 1 : STARTED_AT_ONCE))
    groups.push(...(await Promise.all(batch.map((size, offset) => start(size, index + offset)))))
    index += batch.length
  }
  return groups
}
