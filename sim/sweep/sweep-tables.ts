import { type CsvValue, csvOf } from '../output/csv.ts'
import { METRIC_NAMES } from '../scenario/scenario.ts'
import { metricInterval } from './metric-interval.ts'
import type { PointValues } from './sweep-points.ts'
import { metricsOf, type SweepRun } from './sweep-run.ts'

/** A point with the runs that count. */
interface CompletePoint {
  readonly point: number
  readonly values: PointValues
  readonly runs: readonly SweepRun[]
}

/** `runs.csv`: a row a run, all metrics. Paired by seed over the points. */
export function runsCsv(points: readonly CompletePoint[]): string {
  const paths = pathsOf(points)
  const rows = points.flatMap(({ point, values, runs }) =>
    runs.map((run): Record<string, CsvValue> => {
      const { seed, traceHash, passed } = run
      return { point, ...values, seed, ...metricsOf(run), passed, trace_hash: traceHash }
    }),
  )
  return csvOf(['point', ...paths, 'seed', ...METRIC_NAMES, 'passed', 'trace_hash'], rows)
}

/** `points.csv`: a row for each point and metric, with its 95 % interval. */
export function pointsCsv(points: readonly CompletePoint[]): string {
  const paths = pathsOf(points)
  const rows = points.flatMap(({ point, values, runs }) => {
    const metrics = runs.map(metricsOf)
    return METRIC_NAMES.map((metric): Record<string, CsvValue> => {
      const { kind, runs: measured, estimate, low, high } = metricInterval(metric, metrics)
      return { point, ...values, metric, kind, runs: measured, estimate, low, high }
    })
  })
  return csvOf(['point', ...paths, 'metric', 'kind', 'runs', 'estimate', 'low', 'high'], rows)
}

function pathsOf(points: readonly CompletePoint[]): string[] {
  return Object.keys(points[0]?.values ?? {})
}
