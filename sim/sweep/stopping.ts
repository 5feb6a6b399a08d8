import type { Scenario } from '../scenario/scenario.ts'
import { type Metrics, metricInterval } from './metric-interval.ts'

/** Runs before an interval is believed. */
const RUNS_MIN = 3

/** Whether and when the runs of a point are enough. */
type Stop = NonNullable<Scenario['sweep']>['stop']

/**
 * How many of the runs of a point count, seeds from 1 up and without a gap: all of them, or so many that the interval of
 * the metric is narrow enough for the first time. Undefined while more are needed. It depends on the results alone, not on
 * the order in which they came, so that shards and re-runs decide alike.
 */
export function enoughRuns(runs: readonly Metrics[], seeds: number, stop: Stop): number | undefined {
  for (let n = RUNS_MIN; stop !== undefined && n <= Math.min(runs.length, seeds); n++) {
    const { low, high } = metricInterval(stop.metric, runs.slice(0, n))
    if (high - low <= stop.width) {
      return n
    }
  }
  return runs.length >= seeds ? seeds : undefined
}
