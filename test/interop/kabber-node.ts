import { fileURLToPath } from 'node:url'
import { type AfterHooks, kabberJson } from '../support/kabber-process.ts'
import { Program } from './tools/program.ts'
import { until } from './tools/until.ts'
import { freshLoopbackHost } from './world.ts'

const KABBER = fileURLToPath(new URL('../../bin/kabber.js', import.meta.url))
const START_LIMIT_MS = 120_000

/** The node of one person, in a process of its own, with its clients' ports on an address of its own. */
export interface KabberNode {
  readonly home: string
  readonly host: string
  readonly program: Program
  /** Where others join through it. */
  readonly bootstrap: string
}

/** Makes a home and starts its node on loopback. */
export async function startKabberNode(
  hooks: AfterHooks,
  home: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<KabberNode> {
  const host = freshLoopbackHost()
  await kabberJson(home, 'init')
  const doors = ['--xmpp', `${host}:5222`, '--xmpps', `${host}:5223`, '--web', `${host}:5280`]
  const listen = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
  const start = [KABBER, '--json', '--home', home, 'start', ...listen, ...doors, ...args]
  const program = new Program(hooks, process.execPath, start, { env })
  const line = await until(
    'the node is ready',
    () => {
      if (program.hasEnded) {
        throw new Error(`the node has ended: ${program.output}`)
      }
      return program.output.split('\n').find((text) => text.startsWith('{') && text.includes('"ready"'))
    },
    START_LIMIT_MS,
  )
  const { addresses } = JSON.parse(line) as { addresses: readonly string[] }
  return { home, host, program, bootstrap: addresses[0] ?? '' }
}

/** Makes a password for a client: what `kabber client add` prints. */
export async function addClientPassword(
  { home }: KabberNode,
  name: string,
): Promise<{ jid: string; password: string }> {
  const [added] = await kabberJson(home, 'client', 'add', name)
  return added as { jid: string; password: string }
}
