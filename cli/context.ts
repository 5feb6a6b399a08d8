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

/** A command; its code is loaded only when it runs. */
export type Action = (context: CommandContext, args: readonly string[], options: never) => Promise<void>

/** Makes of a command that is loaded later what commander calls. */
export type Runner = (load: () => Promise<Action>) => (...given: unknown[]) => Promise<void>
