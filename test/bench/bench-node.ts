import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { openSystem } from '../../src/os/open-system.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { nodeSchema } from '../../src/schema.ts'

/** A production node with a fresh home on loopback, and how to remove it. */
export function benchNode(bootstrap: readonly string[] = []): { node: KabberNode; remove: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-bench-'))
  const random = new OsRandom()
  const store = openSqliteStore(join(folder, 'kabber.sqlite'), nodeSchema)
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const key = NodeKey.fromSeed(random.bytes(32))
  const system = openSystem(store, { nodeSeed: key.seed, listen, bootstrap, mdns: false, logLevel: 'silent' })
  const node = createNode(system, {
    node: key,
    accounts: [{ key: AccountKey.fromSeed(random.bytes(32)), nickname: undefined }],
  })
  const remove = async (): Promise<void> => {
    await node.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { node, remove }
}
