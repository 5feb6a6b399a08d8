import { oneLine } from '../output/printable.ts'
import { repeatCommand } from '../output/repeat-command.ts'
import { resourcesUsed } from '../output/resources.ts'
import { RunFolder, type RunHead } from '../output/run-folder.ts'
import type { TraceEvent } from '../output/trace-file.ts'
import { findScenario } from '../scenario/find-scenario.ts'
import { readScenario } from '../scenario/read-scenario.ts'
import type { Tier } from '../tier.ts'
import { freshFolder } from './fresh-folder.ts'
import { interruption } from './interruption.ts'
import { ProgressDisplay, type ProgressStream } from './progress-display.ts'
import { hasPassed, runReport } from './run-report.ts'
import { parseSeed, readOptions, type ScenarioOptions } from './scenario-options.ts'

/** Options of `kabber sim run`. */
export interface RunOptions extends ScenarioOptions {
  /** @default 1 */
  readonly seed?: string
  /** @default `kabber-sim/NAME-TIER-SEED` */
  readonly out?: string
}

/** What a run uses of the program around it. */
export interface RunSurroundings {
  readonly version: string
  readonly stderr: ProgressStream
  write(line: string): void
  loadTier(name: 'stack' | 'model'): Promise<Tier>
}

/**
 * `kabber sim run FILE`: gives the exit code: 0 all assertions held, 1 one did not, a checker complained, or the run was
 * interrupted or broke down; then it says the command that repeats the run.
 *
 * @throws ScenarioError, OutputError: exit code 2
 */
export async function run(named: string, options: RunOptions, around: RunSurroundings): Promise<number> {
  const read = readOptions(options)
  const seed = parseSeed(options.seed ?? '1')
  const { scenario, tier } = readScenario(findScenario(named), read)
  const command = { file: named, tier, seed, overrides: read.overrides, ci: read.ci === true }
  const head: RunHead = { scenario, command, version: around.version }
  const folder = new RunFolder(options.out ?? freshFolder(scenario.name, tier, seed), head)
  const wholeMs = scenario.warmupMs + scenario.durationMs + scenario.settleMs
  const display = new ProgressDisplay(around.stderr, wholeMs)
  // From before the first line on: whoever reads it may interrupt.
  const interrupted = interruption((line) => {
    display.end()
    around.stderr.write(`${line}\n`)
  })
  around.write(oneLine(`${scenario.name}: ${scenario.about}`))
  around.write(`seed ${seed}, ${tier} tier, ${scenario.nodes} nodes`)
  try {
    const play = await around.loadTier(tier)
    const observer = {
      progress: (simulatedMs: number) => display.update(simulatedMs),
      trace: (event: TraceEvent) => folder.trace(event),
    }
    const result = await play({ scenario, seed, observer, signal: interrupted.signal })
    display.end()
    const summary = folder.finish(result, resourcesUsed())
    for (const line of runReport(summary, folder.path)) {
      around.write(line)
    }
    return hasPassed(summary) ? 0 : 1
  } catch (error) {
    display.end()
    around.write(`FAILED: the run broke down: ${described(error, folder.path)}`)
    around.write(`repeat with: ${repeatCommand(command)}`)
    return 1
  } finally {
    interrupted.stop()
    folder.close()
  }
}

/** A full disk in one line; with its stack what only we can mend. */
function described(error: unknown, folder: string): string {
  if (!(error instanceof Error)) {
    return String(error)
  }
  return 'syscall' in error ? `${folder} cannot be written: ${error.message}` : (error.stack ?? error.message)
}
