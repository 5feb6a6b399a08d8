import { existsSync, readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { loadTier } from './commands/tiers.ts'
import { OutputError } from './output/output-error.ts'
import { oneLine, printable } from './output/printable.ts'
import { createSimProgram } from './program.ts'
import { ScenarioError } from './scenario/scenario-error.ts'

// Run by `kabber sim` as `node --import sim/time/preload.ts sim/main.ts …`.

const BAD_INPUT = 2

/** The version in package.json: one folder up in a checkout, two in the compiled package. */
function version(): string {
  const file = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url)).find(existsSync)
  const manifest: { version?: string } = file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'))
  return manifest.version ?? 'unknown'
}

async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createSimProgram(
    {
      version: version(),
      stderr: process.stderr,
      write: (line) => process.stdout.write(`${printable(line)}\n`),
      loadTier,
    },
    (code) => {
      exitCode = code
    },
  )
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      return 0
    }
    if (error instanceof CommanderError || error instanceof ScenarioError || error instanceof OutputError) {
      const isMissing = error instanceof CommanderError && error.code === 'commander.help'
      const message = isMissing ? 'a command is missing' : error.message
      process.stderr.write(`kabber sim: ${oneLine(message.replace(/^error: /, ''))}\n`)
      return BAD_INPUT
    }
    throw error
  }
}

for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`kabber sim list | head`) is no reason to end a run.
  stream.on('error', () => {})
}
process.exitCode = await main(process.argv.slice(2))
