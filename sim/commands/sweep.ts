import type { ReadOptions } from '../scenario/read-scenario.ts'
import { ScenarioError } from '../scenario/scenario-error.ts'
import { planSweep } from '../sweep/plan-sweep.ts'
import { runChild } from '../sweep/run-child.ts'
import { type RunOne, runSweep } from '../sweep/run-sweep.ts'
import { shardOf } from '../sweep/shard.ts'
import { SweepFolder } from '../sweep/sweep-folder.ts'
import { interruption } from './interruption.ts'

/** Processes at the same time. */
const JOBS_MAX = 1_024

/** Options of `kabber sim sweep FILE`; paths and values come from `--set`, `--nodes`, `--duration`. */
export interface SweepOptions extends ReadOptions {
  /** Folder for the results; one that holds the same sweep is carried on. */
  readonly out: string
  /** Runs at the same time. @default 1 */
  readonly jobs?: number | undefined
  /** `i/n`; default from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX. */
  readonly shard?: string | undefined
}

/** What a sweep uses of the program around it. */
export interface SweepAround {
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
  write(line: string): void
  /** @default a process of its own */
  readonly runOne?: RunOne
}

/**
 * `kabber sim sweep FILE`: every point of its grid or list with the same seeds, one process a run. Gives the exit code: 0 done,
 * 1 a run broke down or was not let finish.
 *
 * @throws ScenarioError, OutputError: exit code 2
 */
export async function sweep(file: string, options: SweepOptions, around: SweepAround): Promise<number> {
  const { out, jobs = 1, shard, ...read } = options
  if (!(Number.isInteger(jobs) && jobs >= 1 && jobs <= JOBS_MAX)) {
    throw new ScenarioError(`--jobs: a whole number from 1 to ${JOBS_MAX} is needed`)
  }
  const plan = planSweep(file, read, around.version)
  const folder = SweepFolder.open(out, { plan, shard: shardOf(shard, around.environment) })
  const { index, count } = folder.shard
  const part = count === 1 ? '' : `, ${folder.points.length} of them in shard ${index}/${count}`
  around.write(`${plan.scenario}: ${plan.points.length} points${part}, ${plan.seeds} seeds each`)
  const interrupted = interruption(around.write)
  try {
    const { write, runOne = runChild } = around
    await runSweep(folder, { file, jobs, runOne, signal: interrupted.signal, write })
  } finally {
    interrupted.stop()
  }
  const missing = folder.finish()
  around.write(missing.length === 0 ? `results in ${out}` : `${missing.length} points are not complete: run it again`)
  return missing.length === 0 ? 0 : 1
}
