import type { RunCommand } from '../output/repeat-command.ts'
import { repeatCommand } from '../output/repeat-command.ts'
import type { ChildOutcome } from './run-child.ts'
import type { SweepFolder } from './sweep-folder.ts'
import type { SweepPlan } from './sweep-plan.ts'
import { sweepRun } from './sweep-run.ts'

/** What runs one scenario. */
export type RunOne = (command: RunCommand, folder: string, signal: AbortSignal) => Promise<ChildOutcome>

/** How a sweep is run. */
export interface SweepSurroundings {
  readonly file: string
  /** Runs at the same time. */
  readonly jobs: number
  readonly runOne: RunOne
  readonly signal: AbortSignal
  write(line: string): void
}

/** A run to be made: a point and a seed. */
interface Errand {
  readonly point: number
  readonly seed: number
}

/**
 * Makes the runs of a folder that are missing, `jobs` at a time; those that are there stay. With a rule for stopping the
 * seeds of a point run one after the other, else all at once. Gives the number of runs that broke down.
 *
 * @throws OutputError when a run cannot be kept; the others are then broken off
 */
export async function runSweep(folder: SweepFolder, around: SweepSurroundings): Promise<number> {
  const queue = folder.points.flatMap((point) => missingErrands(folder, point))
  const broken = new AbortController()
  const signal = AbortSignal.any([around.signal, broken.signal])
  let failures = 0
  const worker = async (): Promise<void> => {
    for (let errand = queue.shift(); errand !== undefined && !signal.aborted; errand = queue.shift()) {
      const done = await runErrand(folder, errand, { ...around, signal })
      failures += done ? 0 : 1
      if (done && folder.plan.stop !== null) {
        queue.unshift(...missingErrands(folder, errand.point))
      }
    }
  }
  const workers = Array.from({ length: around.jobs }, async () => {
    try {
      await worker()
    } catch (error) {
      broken.abort()
      throw error
    }
  })
  // All of them, so that no process is left behind.
  const ends = await Promise.allSettled(workers)
  for (const end of ends) {
    if (end.status === 'rejected') {
      throw end.reason
    }
  }
  return failures
}

function missingErrands(folder: SweepFolder, point: number): Errand[] {
  if (folder.countedRuns(point) !== undefined) {
    return []
  }
  const { seeds, stop } = folder.plan
  const missing = Array.from({ length: seeds }, (_, i) => ({ point, seed: i + 1 })).filter(
    ({ seed }) => folder.run(point, seed) === undefined,
  )
  return stop === null ? missing : missing.slice(0, 1)
}

async function runErrand(folder: SweepFolder, { point, seed }: Errand, around: SweepSurroundings): Promise<boolean> {
  const { plan } = folder
  const values = plan.points[point] ?? {}
  const overrides = { ...plan.overrides, ...values }
  const command: RunCommand = { file: around.file, tier: plan.tier, seed, overrides, ci: plan.ci }
  const label = `point ${point} (${described(values)}), seed ${seed}`
  const outcome = ofThisPlan(await around.runOne(command, folder.path, around.signal), plan)
  if ('summary' in outcome) {
    folder.add(sweepRun(point, outcome.summary))
    around.write(`${label}: done`)
    return true
  }
  if (!around.signal.aborted) {
    around.write(`${label}: FAILED: ${outcome.problem}`)
    around.write(`repeat with: ${repeatCommand(command)}`)
  }
  return false
}

/** A run of another text than the one that was planned is no run of this sweep: somebody has written into the file. */
function ofThisPlan(outcome: ChildOutcome, plan: SweepPlan): ChildOutcome {
  return 'summary' in outcome && outcome.summary.scenarioText !== plan.scenarioText
    ? { problem: 'the scenario file has been changed since the sweep began' }
    : outcome
}

function described(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([path, value]) => `${path} = ${value}`)
    .join(', ')
}
