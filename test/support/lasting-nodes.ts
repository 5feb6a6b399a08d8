/**
 * Nodes without accounts in one process, which keep their keys, ports and letters from one run to the next; killed with
 * SIGKILL and started again by tests. Run: node test/support/lasting-nodes.ts FOLDER NODES [bootstrap…]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache()
const { NodeKey } = await import('../../src/identity/node-key.ts')
const { createNode } = await import('../../src/node/node.ts')
const { nodeSchema } = await import('../../src/schema.ts')
const { openSystem } = await import('../../src/os/open-system.ts')
const { OsRandom } = await import('../../src/os/os-random.ts')
const { openSqliteStore } = await import('../../src/os/sqlite-store.ts')

interface Kept {
  readonly seed: string
  readonly port: string
}

function readKept(path: string): Kept {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch {
    return { seed: Buffer.from(new OsRandom().bytes(32)).toString('hex'), port: '0' }
  }
}

async function start(folder: string, bootstrap: readonly string[]): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'node.json')
  const { seed, port } = readKept(path)
  const key = NodeKey.fromSeed(Buffer.from(seed, 'hex'))
  const system = openSystem(openSqliteStore(join(folder, 'kabber.sqlite'), nodeSchema), {
    nodeSeed: key.seed,
    listen: [`/ip4/127.0.0.1/tcp/${port}`],
    bootstrap,
    mdns: false,
    logLevel: process.env.KABBER_LOG ?? 'error',
  })
  const node = createNode(system, { node: key, accounts: [] })
  await node.start()
  const [address = ''] = node.status().addresses
  writeFileSync(path, JSON.stringify({ seed, port: address.split('/').at(-1) }))
  return `${address}/p2p/${node.peerId}`
}

const [folder = '', count = '1', ...bootstrap] = process.argv.slice(2)
const addresses: string[] = []
for (let index = 0; index < Number(count); index++) {
  addresses.push(await start(join(folder, `node-${index}`), [...bootstrap, ...addresses].slice(-3)))
}
console.log(JSON.stringify({ addresses }))
// Whoever started it is gone.
process.stdin.resume().on('end', () => process.exit(0))
