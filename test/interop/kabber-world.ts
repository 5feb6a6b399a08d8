import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AfterHooks, kabberJson } from '../support/kabber-process.ts'
import type { Login } from './chat-client.ts'
import { Program } from './tools/program.ts'
import { until } from './tools/until.ts'
import { freshLoopbackHost, type Pair, type World } from './world.ts'

const KABBER = fileURLToPath(new URL('../../bin/kabber.js', import.meta.url))

/** What a node prints when it is there. */
interface Ready {
  readonly addresses: readonly string[]
}

/** The node of one person. */
interface Home {
  readonly path: string
  readonly host: string
  readonly program: Program
  readonly ready: Ready
}

/** Two nodes, each a process with a fresh home, on loopback; the second joins through the first. */
export const kabberWorld: World = {
  name: 'kabber',
  async pair(hooks: AfterHooks, client: string, folder: string): Promise<Pair> {
    const alice = await openHome(hooks, join(folder, 'alice'))
    const bob = await openHome(hooks, join(folder, 'bob'), '--bootstrap', alice.ready.addresses[0] ?? '')
    const evidence = async (to: string): Promise<void> => {
      writeFileSync(join(to, 'alice-node.log'), alice.program.output)
      writeFileSync(join(to, 'bob-node.log'), bob.program.output)
    }
    const [own, second, peer] = [await addClient(alice, client), await addClient(alice, 'second'), await addClient(bob, 'peer')]
    return { own, second, peer, evidence }
  },
}

async function openHome(hooks: AfterHooks, path: string, ...args: string[]): Promise<Home> {
  const host = freshLoopbackHost()
  await kabberJson(path, 'init')
  const doors = ['--xmpp', `${host}:5222`, '--xmpps', `${host}:5223`, '--web', `${host}:5280`]
  const listen = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
  const start = [KABBER, '--json', '--home', path, 'start', ...listen, ...doors, ...args]
  const program = new Program(hooks, process.execPath, start, { env: { KABBER_LOG: 'debug' } })
  const line = await until('the node is ready', () => {
    if (program.hasEnded) {
      throw new Error(`the node has ended: ${program.output}`)
    }
    return program.output.split('\n').find((text) => text.startsWith('{') && text.includes('"ready"'))
  })
  return { path, host, program, ready: JSON.parse(line) as Ready }
}

async function addClient({ path, host }: Home, name: string): Promise<Login> {
  const [added] = (await kabberJson(path, 'client', 'add', name)) as unknown as [{ jid: string; password: string }]
  return {
    jid: added.jid,
    password: added.password,
    host,
    port: 5222,
    certificateFile: join(path, 'tls', 'certificate.pem'),
    webSocketUrl: `ws://${host}:5280/xmpp-websocket`,
    webChatUrl: async () => {
      const [{ url }] = (await kabberJson(path, 'web')) as unknown as [{ url: string }]
      return url
    },
  }
}
