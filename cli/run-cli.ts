import { CommanderError } from 'commander'
import { CliError } from './cli-error.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'

/** Runs one command line, prints what comes of it, and sets the exit code of the process. */
export async function runCli(args: readonly string[]): Promise<void> {
  // Errors of the command line itself are told before it is understood.
  const output = new Output(beforeDoubleDash(args).includes('--json'))
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away (`kabber history … | head`) is no failure of ours, and no reason for a node to stop.
    stream.on('error', () => {})
  }
  process.exitCode = await run(args, output)
  await output.flush()
  process.exit()
}

async function run(args: readonly string[], output: Output): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.ok
  const program = createProgram(output, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      return usageError(error, output)
    }
    const cliError = await toCliError(error)
    output.error(cliError)
    if (process.env.KABBER_LOG === 'debug' && error instanceof Error) {
      output.note(String(error.stack))
    }
    return cliError.exitCode
  }
}

/** Commander has printed help and version; what is left are mistakes, its suggestion on a second line. */
function usageError(error: CommanderError, output: Output): ExitCode {
  if (error.exitCode === 0) {
    return EXIT_CODES.ok
  }
  if (error.code === 'commander.help') {
    output.error(new CliError(EXIT_CODES.usage, 'usage', 'a command is missing'))
    return EXIT_CODES.usage
  }
  const message = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
  output.error(new CliError(EXIT_CODES.usage, 'usage', message))
  return EXIT_CODES.usage
}

/** Errors of the layers below as a sentence, a word and an exit code; loads them only when something went wrong. */
async function toCliError(error: unknown): Promise<CliError> {
  if (error instanceof CliError) {
    return error
  }
  const { describeError } = await import('./describe-error.ts')
  return describeError(error)
}

function beforeDoubleDash(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end === -1 ? args : args.slice(0, end)
}
