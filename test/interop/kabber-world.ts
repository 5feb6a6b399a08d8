import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AfterHooks, kabberJson } from '../support/kabber-process.ts'
import type { Login } from './chat-client.ts'
import { addClientPassword, type KabberNode, startKabberNode } from './kabber-node.ts'
import type { Pair, World } from './world.ts'

const DEBUG = { KABBER_LOG: 'debug' }

/** Two nodes, each a process with a fresh home, on loopback; the second joins through the first. */
export const kabberWorld: World = {
  name: 'kabber',
  async pair(hooks: AfterHooks, client: string, folder: string): Promise<Pair> {
    const alice = await startKabberNode(hooks, join(folder, 'alice'), [], DEBUG)
    const bob = await startKabberNode(hooks, join(folder, 'bob'), ['--bootstrap', alice.bootstrap], DEBUG)
    const evidence = async (to: string): Promise<void> => {
      writeFileSync(join(to, 'alice-node.log'), alice.program.output)
      writeFileSync(join(to, 'bob-node.log'), bob.program.output)
    }
    const own = await addClient(alice, client)
    const second = await addClient(alice, 'second')
    const peer = await addClient(bob, 'peer')
    return { own, second, peer, evidence }
  },
}

async function addClient(node: KabberNode, name: string): Promise<Login> {
  const { home, host } = node
  const { jid, password } = await addClientPassword(node, name)
  return {
    jid,
    password,
    host,
    port: 5222,
    certificateFile: join(home, 'tls', 'certificate.pem'),
    webSocketUrl: `ws://${host}:5280/xmpp-websocket`,
    webChatUrl: async () => {
      const [link] = await kabberJson(home, 'web')
      return String(link?.url)
    },
  }
}
