import type { MetricName } from '../scenario/scenario.ts'
import { type Interval, meanInterval, proportionInterval } from './intervals.ts'

/** Metrics of one run; NaN where it has none. */
export type Metrics = Readonly<Record<MetricName, number>>

/**
 * How many trials stand behind the metrics that are proportions. The shares of links are none: the same link is counted at
 * every sample.
 */
const TRIALS: Readonly<Partial<Record<MetricName, (metrics: Metrics) => number>>> = {
  delivered_share: (metrics) => metrics.messages_sent,
  letters_share: (metrics) => metrics.messages_delivered,
  lookup_found_share: (metrics) => metrics.lookups,
  dials_failed_share: (metrics) => metrics.dials,
}

/** A metric over the runs of a point: how many had it, and the interval. */
export interface MetricInterval extends Interval {
  readonly kind: 'proportion' | 'mean'
  readonly runs: number
}

/** The 95 % interval of a metric: Wilson's for proportions, Student's for the rest. Runs without the metric do not count. */
export function metricInterval(metric: MetricName, runs: readonly Metrics[]): MetricInterval {
  const measured = runs.filter((metrics) => Number.isFinite(metrics[metric]))
  const trialsOf = TRIALS[metric]
  if (trialsOf === undefined) {
    return { kind: 'mean', runs: measured.length, ...meanInterval(measured.map((metrics) => metrics[metric])) }
  }
  const proportions = measured.map((metrics) => ({ share: metrics[metric], trials: trialsOf(metrics) }))
  return { kind: 'proportion', runs: measured.length, ...proportionInterval(proportions) }
}
