import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import { Children } from '../demo/child.ts'
import { joinText } from '../demo/join-text.ts'
import { Narrator } from '../demo/narrator.ts'
import { Person } from '../demo/person.ts'
import { play } from '../demo/play.ts'
import { STRANGER_NODES, Strangers } from '../demo/strangers.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { openInBrowser } from '../open-in-browser.ts'

/** The whole play, milliseconds; it takes about ten seconds. */
const DEMO_LIMIT_MS = 90_000

/** What the play leaves standing for `--stay`. */
interface Remains {
  readonly bootstrap: readonly string[]
  readonly alice: Person
  readonly bob: Person
}

/** `kabber demo [--stay]` */
export async function demo(
  context: CommandContext,
  _args: readonly string[],
  options: { stay?: boolean },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kabber-demo-'))
  const children = new Children()
  const interrupted = interruption()
  try {
    const scene = await Promise.race([
      perform(context, children, folder),
      interrupted.then(() => {
        throw new CliError(EXIT_CODES.failed, 'demo', 'demo: interrupted')
      }),
      overdue(),
    ])
    if (options.stay === true) {
      await invite(context, scene, folder)
      await interrupted
    }
  } finally {
    await children.end()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Says how to join in, and opens the two web chats if somebody sits there. */
async function invite({ output }: CommandContext, scene: Remains, folder: string): Promise<void> {
  const { alice, bob } = scene
  const [bootstrap = ''] = scene.bootstrap
  const webChats = [await alice.webChat(), await bob.webChat()] as const
  output.result(
    { event: 'stay', bootstrap: scene.bootstrap, alice: alice.uri, bob: bob.uri, webChats },
    joinText({ alice, bob, bootstrap, folder, webChats }),
  )
  if (!output.json && process.stdout.isTTY) {
    await Promise.all(webChats.map(openInBrowser))
  }
}

async function perform({ output }: CommandContext, children: Children, folder: string): Promise<Remains> {
  const narrator = new Narrator(output)
  const alice = new Person('Alice', folder, children)
  const bob = new Person('Bob', folder, children)
  const strangers = await Strangers.start(folder, children)
  narrator.step(`A network of ${STRANGER_NODES} strangers' nodes is up on 127.0.0.1. None of them is a server.`)
  const messages = await play({ alice, bob, strangers, narrator })
  const seconds = (narrator.elapsedMs / 1_000).toFixed(1)
  output.result(
    { event: 'done', messages, elapsedMs: Math.round(narrator.elapsedMs) },
    `\n${messages} messages sent, ${messages} arrived, none twice. The demo took ${seconds} s.`,
  )
  return { bootstrap: strangers.survivingAddresses, alice, bob }
}

/** Resolves with the first signal that asks to stop. Others change nothing: npm and the terminal send it twice. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve())
    }
  })
}

function overdue(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const error = new CliError(EXIT_CODES.failed, 'demo', `demo: not finished after ${DEMO_LIMIT_MS / 1_000} s`)
    setTimeout(() => reject(error), DEMO_LIMIT_MS).unref()
  })
}
