import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../bin/kabber.js', import.meta.url))

/** Where clean-up is left: the context of a test, or a standalone run. */
export interface AfterHooks {
  after(hook: () => unknown): void
}

/** What a command that ended has left behind. */
export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** The objects it printed, one a line; throws if stdout is anything else. */
  readonly json: readonly Record<string, unknown>[]
  readonly durationMs: number
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: AfterHooks): string {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Where and how `kabber` runs, if not here and plainly. */
export interface Surroundings {
  /** A command that runs the one given to it, such as `ip netns exec NAME`. @default none */
  readonly through?: readonly string[]
  /** Added to the environment. @default nothing */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `kabber ARGS…` to its end, with `input` on stdin. */
export async function kabber(
  args: readonly string[],
  input = '',
  surroundings: Surroundings = {},
): Promise<CommandResult> {
  const startMs = performance.now()
  const child = spawnKabber(args, surroundings)
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    exitCode,
    stdout: stdout(),
    stderr: stderr(),
    get json() {
      return stdout()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    durationMs: performance.now() - startMs,
  }
}

/**
 * Runs one command in a home and gives the objects it printed.
 *
 * @throws Error if it fails
 */
export async function kabberJson(home: string, ...args: string[]): Promise<readonly Record<string, unknown>[]> {
  const { exitCode, json, stderr } = await kabber(['--home', home, '--json', ...args])
  if (exitCode !== 0) {
    throw new Error(`kabber ${args.join(' ')} ended with ${exitCode}: ${stderr}`)
  }
  return json
}

/** A node that runs in a process of its own. */
export interface NodeProcess {
  readonly pid: number
  /** The line with which it said that it is ready. */
  readonly ready: { readonly address: string; readonly peerId: string; readonly addresses: readonly string[] }
  /** From spawning to that line. */
  readonly startedInMs: number
  /** Ends it with a signal and gives the exit code, null if the signal was stronger. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts the node of a home on loopback, without mDNS, and waits until it is ready; killed afterwards if it still runs. */
export async function startNode(t: AfterHooks, home: string, ...args: string[]): Promise<NodeProcess> {
  const startMs = performance.now()
  const listen = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
  const running = new RunningKabber(t, ['--json', '--home', home, 'start', ...listen, ...args])
  const ready = (await running.line(({ event }) => event === 'ready')) as unknown as NodeProcess['ready']
  const startedInMs = performance.now() - startMs
  return { pid: running.pid, ready, startedInMs, end: (signal) => running.end(signal) }
}

/** A command that runs on, such as `kabber start`; killed after the test if it still does. */
export class RunningKabber {
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  readonly #ended: Promise<number | null>
  #wake: () => void = () => {}
  #stderr: () => string

  constructor(t: AfterHooks, args: readonly string[], surroundings: Surroundings = {}) {
    const child = spawnKabber(args, surroundings)
    this.#process = child
    this.#stderr = collect(child.stderr)
    this.#ended = new Promise((resolve) => child.once('close', resolve))
    let rest = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      const parts = `${rest}${chunk.toString()}`.split('\n')
      rest = parts.pop() ?? ''
      this.#lines.push(...parts)
      this.#wake()
    })
    void this.#ended.then(() => this.#wake())
    t.after(() => this.end('SIGKILL'))
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The first object it printed or will print for which `predicate` holds. */
  async line(predicate: (line: Record<string, unknown>) => boolean = () => true): Promise<Record<string, unknown>> {
    for (let ended = false; ; ) {
      const found = this.#lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(predicate)
      if (found !== undefined) {
        return found
      }
      if (ended) {
        throw new Error(`it ended without that line: ${this.#stderr()} ${this.#lines.join(' ')}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        void this.#ended.then(() => {
          ended = true
          resolve()
        })
      })
    }
  }

  /** What it has complained of so far. */
  get stderr(): string {
    return this.#stderr()
  }

  /** Writes to its stdin. */
  write(text: string): void {
    this.#process.stdin?.write(text)
  }

  /** Ends its stdin. */
  endInput(): void {
    this.#process.stdin?.end()
  }

  /** Its exit code, null after a signal. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Sends a signal and gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.#process.kill(signal)
    return this.#ended
  }
}

function spawnKabber(args: readonly string[], { through = [], env: added = {} }: Surroundings): ChildProcess {
  // What the developer has set is not for the commands under test.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KABBER_')))
  const [command = '', ...rest] = [...through, process.execPath, MAIN, ...args]
  return spawn(command, rest, { env: { ...env, ...added }, stdio: 'pipe' })
}

function collect(stream: ChildProcess['stdout']): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}
