import type { ExitCode } from './exit-codes.ts'
import type { Output } from './output.ts'

/** What every command gets. */
export interface CommandContext {
  readonly output: Output
  /** The folder of `--home`, if given. */
  readonly home: string | undefined
  /** Sets the exit code of a command that says itself what happened; an error thrown sets its own. */
  exitWith(code: ExitCode): void
}
