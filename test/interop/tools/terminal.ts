import type { AfterHooks } from '../../support/kabber-process.ts'
import { type ProgramOptions, run } from './program.ts'

/** So tall that a whole play stays on the screen. */
const ROWS = 200
const COLUMNS = 200

let terminals = 0

/** A text program in a terminal (tmux), with a tmux server of its own. */
export class Terminal {
  readonly #server: string

  private constructor(server: string) {
    this.#server = server
  }

  static async open(hooks: AfterHooks, command: string, options: ProgramOptions): Promise<Terminal> {
    terminals += 1
    const terminal = new Terminal(`kabber-interop-${process.pid}-${terminals}`)
    hooks.after(() => terminal.close())
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)]
    // `exec` so that the program, not a shell, gets the signals.
    const args = [
      '-L',
      terminal.#server,
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      '-s',
      'it',
      `exec ${command}`,
    ]
    await run('tmux', args, { ...options, env: { TERM: 'xterm-256color', ...options.env } })
    return terminal
  }

  /** Types a line and presses Enter. */
  async enter(line: string): Promise<void> {
    await this.type(line)
    await this.press('Enter')
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-t', 'it', '-l', text)
  }

  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', '-t', 'it', ...keys)
  }

  /** What is on it; empty when the program has ended. */
  async screen(): Promise<string> {
    return await this.#tmux('capture-pane', '-p', '-t', 'it').catch(() => '')
  }

  /** Ends the program and the tmux server. */
  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => '')
  }

  async #tmux(...args: string[]): Promise<string> {
    return await run('tmux', ['-L', this.#server, ...args])
  }
}

/** How often a text is there. */
export function occurrences(text: string, part: string): number {
  return text.split(part).length - 1
}
