import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { AfterHooks } from '../../support/kabber-process.ts'

const RUN_LIMIT_MS = 20_000
/** Time to end by itself after SIGTERM. */
const END_LIMIT_MS = 3_000

/** Where and as what a program runs. */
export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A program that runs on, in a process group of its own, so that what it started ends with it. */
export class Program {
  readonly #process: ChildProcess
  readonly #ended: Promise<number | null>
  #output = ''
  #hasEnded = false

  constructor(hooks: AfterHooks, command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#process = spawn(command, args, { ...options, env: environment(options.env), detached: true, stdio: 'pipe' })
    this.#process.on('error', (error) => this.#add(`${command}: ${error.message}\n`))
    this.#process.stdin?.on('error', () => {})
    this.#process.stdout?.on('data', (chunk: Buffer) => this.#add(chunk.toString()))
    this.#process.stderr?.on('data', (chunk: Buffer) => this.#add(chunk.toString()))
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', resolve)
      this.#process.once('error', () => resolve(null))
    })
    void this.#ended.then(() => {
      this.#hasEnded = true
    })
    hooks.after(async () => {
      this.kill()
      // So that nothing is left to be buried when the run is over.
      await Promise.race([this.#ended, pause(END_LIMIT_MS)])
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** What it wrote to stdout and stderr. */
  get output(): string {
    return this.#output
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get stdin(): NodeJS.WritableStream {
    return this.#process.stdin as NodeJS.WritableStream
  }

  get stdout(): NodeJS.ReadableStream {
    return this.#process.stdout as NodeJS.ReadableStream
  }

  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** Asks it to end, with what it started; kills it if it does not. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#signal(signal)
    const timer = setTimeout(() => this.kill(), END_LIMIT_MS)
    await this.#ended
    clearTimeout(timer)
    this.kill()
  }

  /** Kills the whole group, also what has outlived its first process. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal)
    } catch {
      // Nothing of it is left.
    }
  }

  #add(text: string): void {
    this.#output += text
  }
}

/** Runs a command to its end and gives its stdout; throws if it fails. */
export async function run(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    ...options,
    env: environment(options.env),
    timeout: RUN_LIMIT_MS,
    stdio: 'pipe',
  })
  let [stdout, stderr] = ['', '']
  child.stdin.end()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
  }
  return stdout
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games:/usr/sbin:/sbin', LANG: 'C.UTF-8', ...extra }
}
