import { EXIT_CODES, type ExitCode } from './exit-codes.ts'

/** What went wrong, for the person at the terminal: one sentence, an exit code and a word for scripts. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  /** A stanza error condition of RFC 6120 §8.3.3 where there is one, else a word of docs/cli.md. */
  readonly condition: string

  constructor(exitCode: ExitCode, condition: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.condition = condition
  }
}

/** A `CliError` for what the user typed. */
export function badInput(message: string): CliError {
  return new CliError(EXIT_CODES.usage, 'usage', message)
}
