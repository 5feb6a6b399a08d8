import type { RunObserver, RunResult } from './results/results.ts'
import type { Scenario } from './scenario/scenario.ts'

/** Runs a scenario; the same scenario and seed give the same result. Ends early, with what there is, when the signal aborts. */
export type Tier = (run: {
  readonly scenario: Scenario
  readonly seed: number
  readonly observer: RunObserver
  readonly signal: AbortSignal
}) => Promise<RunResult>
