import type { RunSummary } from '../output/run-summary.ts'
import { METRIC_NAMES } from '../scenario/scenario.ts'
import type { Metrics } from './metric-interval.ts'

/** One run of a sweep, as it is kept: `runs/p00003-s7.json`. */
export interface SweepRun {
  readonly point: number
  readonly seed: number
  readonly command: string
  readonly traceHash: string
  readonly passed: boolean
  /** Null where the run has no number. */
  readonly metrics: Readonly<Record<string, number | null>>
}

/** Whether what a file said is a run; one that somebody cut or wrote into is made again. */
export function isSweepRun(value: unknown): value is SweepRun {
  const { metrics, traceHash, passed } = (value ?? {}) as Partial<SweepRun>
  return (
    typeof traceHash === 'string' &&
    typeof passed === 'boolean' &&
    typeof metrics === 'object' &&
    metrics !== null &&
    METRIC_NAMES.every((name) => metrics[name] === null || typeof metrics[name] === 'number')
  )
}

/** The name of a run's file. */
export function runFileName(point: number, seed: number): string {
  return `p${String(point).padStart(5, '0')}-s${seed}.json`
}

/** What a sweep keeps of a run. */
export function sweepRun(point: number, summary: RunSummary): SweepRun {
  const { seed, command, traceHash, metrics, assertions, violations } = summary
  const passed = violations.length === 0 && assertions.every((outcome) => outcome.passed)
  return { point, seed, command, traceHash, passed, metrics }
}

/** The metrics of a run for reckoning. */
export function metricsOf(run: SweepRun): Metrics {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, run.metrics[name] ?? Number.NaN])) as Metrics
}
