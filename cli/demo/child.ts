import { type ChildProcess, spawn } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { LineSplitter } from '../line-splitter.ts'

/** Complaints kept of a child, characters: the last lines say why it failed. */
const MAX_KEPT_STDERR = 4_096

/** Longest line a child may print, bytes. */
const MAX_CHILD_LINE_BYTES = 1_048_576

/** What a command printed first with `--json`. */
export type FirstLine = Readonly<Record<string, unknown>>

/** `kabber` itself as a child process. */
export class KabberChild {
  readonly #process: ChildProcess
  readonly #firstLine: Promise<FirstLine>
  readonly #ended: Promise<void>
  #stderr = ''

  /** Runs `kabber --json ARGS…`. */
  constructor(args: readonly string[]) {
    const main = fileURLToPath(new URL(`../main${extname(import.meta.filename)}`, import.meta.url))
    const cache = getCompileCacheDir()
    this.#process = spawn(process.execPath, [...process.execArgv, main, '--json', ...args], {
      env: cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stderr?.on('data', (chunk: Uint8Array) => {
      this.#stderr = `${this.#stderr}${new TextDecoder().decode(chunk)}`.slice(-MAX_KEPT_STDERR)
    })
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => resolve())
      this.#process.once('error', () => resolve())
    })
    this.#firstLine = this.#readFirstLine(args[0] ?? '')
    this.#firstLine.catch(() => {})
  }

  /**
   * The first line it prints.
   *
   * @throws CliError if it ends before
   */
  get firstLine(): Promise<FirstLine> {
    return this.#firstLine
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** Sends a signal and waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#process.kill(signal)
    await this.#ended
  }

  #readFirstLine(command: string): Promise<FirstLine> {
    const splitter = new LineSplitter(MAX_CHILD_LINE_BYTES)
    return new Promise((resolve, reject) => {
      this.#process.stdout?.on('data', (chunk: Uint8Array) => {
        for (const line of splitter.push(chunk)) {
          const value = JSON.parse(line) as FirstLine
          if (value.error === undefined) {
            resolve(value)
          }
        }
      })
      void this.#ended.then(() => {
        reject(new CliError(EXIT_CODES.failed, 'demo', `'kabber ${command}' failed: ${this.#stderr.trim()}`))
      })
    })
  }
}

/** The processes of one demo. None can be started once they were told to end. */
export class Children {
  readonly #children = new Set<KabberChild>()
  #closed = false

  run(args: readonly string[]): KabberChild {
    if (this.#closed) {
      throw new CliError(EXIT_CODES.failed, 'demo', 'the demo is over')
    }
    const child = new KabberChild(args)
    this.#children.add(child)
    void child.ended.then(() => this.#children.delete(child))
    return child
  }

  /** Kills all of them and waits for their end. */
  async end(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#children].map((child) => child.end('SIGKILL')))
  }
}
