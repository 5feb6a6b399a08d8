import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AfterHooks, kabberJson, RunningKabber, temporaryFolder } from '../../support/kabber-process.ts'
import { HostileClient, passwordOf } from './hostile-client.ts'

/** Time for a collection of garbage. */
const COLLECTED_MS = 1_000
const LOOP_WATCH = fileURLToPath(new URL('loop-watch.ts', import.meta.url))

/** Where a node lets clients in. */
interface Doors {
  readonly xmpp: number
  readonly xmpps: number
  readonly web: number
}

/** A real `kabber start` in a process of its own, with accounts. */
export class VictimNode {
  readonly home: string
  readonly #hooks: AfterHooks
  readonly #args: readonly string[]
  #process: RunningKabber | undefined
  doors: Doors = { xmpp: 0, xmpps: 0, web: 0 }
  peerId = ''
  addresses: readonly string[] = []

  private constructor(hooks: AfterHooks, home: string, args: readonly string[]) {
    this.#hooks = hooks
    this.home = home
    this.#args = args
  }

  /** Makes a home with these accounts (their passwords: `passwordOf`) and starts its node. */
  static async start(hooks: AfterHooks, users: readonly string[], args: readonly string[] = []): Promise<VictimNode> {
    const folder = temporaryFolder(hooks)
    const home = join(folder, 'home')
    await kabberJson(home, 'init')
    const accounts = join(folder, 'accounts')
    writeFileSync(accounts, users.map((user) => `${user} ${passwordOf(user)}\n`).join(''))
    const node = new VictimNode(hooks, home, ['--accounts', accounts, ...args])
    mkdirSync(join(folder, 'loop'))
    node.#watchFolder = join(folder, 'loop')
    await node.restart()
    return node
  }

  #watchFolder = ''

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Starts it (again) and waits until it is ready. */
  async restart(): Promise<void> {
    const listen = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
    const doors = ['--xmpp', '127.0.0.1:0', '--xmpps', '127.0.0.1:0', '--web', '127.0.0.1:0']
    // The environment of the child is that of this process.
    process.env.NODE_OPTIONS = `--import=${LOOP_WATCH}`
    process.env.LOOP_WATCH_FOLDER = this.#watchFolder
    const node = new RunningKabber(this.#hooks, [
      '--json',
      '--home',
      this.home,
      'start',
      ...listen,
      ...doors,
      ...this.#args,
    ])
    delete process.env.NODE_OPTIONS
    delete process.env.LOOP_WATCH_FOLDER
    this.#process = node
    const ready = (await node.line(({ event }) => event === 'ready')) as unknown as Ready
    const port = (endpoint: string): number => Number(endpoint.split(':').at(-1))
    const { xmpp, xmpps, web } = ready.clients
    this.doors = { xmpp: port(xmpp), xmpps: port(xmpps), web: port(web) }
    this.peerId = ready.peerId
    this.addresses = ready.addresses
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    return (await this.#process?.end(signal)) ?? null
  }

  async login(user: string, options: Parameters<typeof HostileClient.login>[2] = {}): Promise<HostileClient> {
    const client = await HostileClient.login(this.doors.xmpp, user, options)
    this.#hooks.after(() => client.destroy())
    return client
  }

  /** Resident memory, bytes. */
  residentBytes(): number {
    return 1_024 * Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0)
  }

  /** The same once its garbage is collected. */
  async keptBytes(): Promise<number> {
    process.kill(this.pid, 'SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, COLLECTED_MS))
    return this.residentBytes()
  }

  /** The longest turns of its event loop between two wall clock times: its own work, and with what the machine did. */
  longestTurn(fromMs: number, toMs: number = Date.now()): Turn {
    const path = join(this.#watchFolder, String(this.pid))
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    const turns = lines
      .map((line) => JSON.parse(line) as Turn & { atMs: number })
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    return {
      cpuMs: Math.max(0, ...turns.map(({ cpuMs }) => cpuMs)),
      lateMs: Math.max(0, ...turns.map(({ lateMs }) => lateMs)),
    }
  }
}

interface Ready {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly clients: { readonly xmpp: string; readonly xmpps: string; readonly web: string }
}

/** A turn of an event loop, in milliseconds; those under 20 ms are taken as 0. */
export interface Turn {
  readonly cpuMs: number
  readonly lateMs: number
}
