import type { MessageRow, NodeRow, RunResult, SampleRow } from '../results/results.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { type Bin, histogram } from './histogram.ts'
import { cumulativeShares, evenly, lorenz, type Point } from './reductions.ts'

/** Points of a line, and most lines of a figure: a page stays below a few megabytes however long the run. */
const POINTS_MAX = 600
const BINS = 24

/** A line of several: `series` names it. */
interface SeriesPoint extends Point {
  readonly series: string
}

/** What the figures of a report show, reduced to what can be seen. The shape that sim/report/page/report.js reads. */
export interface ReportData {
  readonly durationMs: number
  readonly faults: readonly { readonly kind: string; readonly fromMs: number; readonly toMs: number }[]
  readonly samples: readonly SampleRow[]
  readonly delays: readonly SeriesPoint[]
  /** Series of `delays` with the number of messages in each. */
  readonly delayCounts: Readonly<Record<string, number>>
  readonly hops: readonly { readonly hops: number; readonly found: boolean; readonly count: number }[]
  readonly natMatrix: RunResult['natMatrix']
  /** Nodes by their mean traffic, bytes per second on-line. */
  readonly load: readonly (Bin & { readonly class: string })[]
  readonly balance: readonly SeriesPoint[]
}

/** Reduces a run to what its report shows. */
export function reportData(scenario: Scenario, result: RunResult): ReportData {
  const { delays, counts } = delaySeries(result.messages)
  return {
    durationMs: result.simulatedMs,
    faults: scenario.faults.map(faultSpan).filter(({ fromMs }) => fromMs <= result.simulatedMs),
    samples: evenly(result.samples, POINTS_MAX),
    delays,
    delayCounts: counts,
    hops: hopCounts(result),
    natMatrix: result.natMatrix,
    load: loadBins(result.nodes),
    balance: [
      ...named(
        'bytes sent',
        lorenz(
          result.nodes.map((node) => node.bytes_sent),
          POINTS_MAX,
        ),
      ),
      ...named(
        'letters kept',
        lorenz(
          result.nodes.map((node) => node.letters_kept),
          POINTS_MAX,
        ),
      ),
    ],
  }
}

function faultSpan(fault: Fault): ReportData['faults'][number] {
  const lastsMs =
    fault.kind === 'partition' || fault.kind === 'degrade'
      ? fault.forMs
      : fault.kind === 'flash-crowd'
        ? fault.withinMs
        : 0
  return { kind: fault.kind, fromMs: fault.atMs, toMs: fault.atMs + lastsMs }
}

/** Of the delivered: by the way they went; of all that were sent: a line that ends below 1 where some did not arrive. */
function delaySeries(messages: readonly MessageRow[]): {
  readonly delays: SeriesPoint[]
  readonly counts: Record<string, number>
} {
  const groups: readonly (readonly [string, readonly MessageRow[]])[] = [
    ['direct', messages.filter(({ way, delivered_ms }) => way === 'direct' && delivered_ms !== null)],
    ['letter', messages.filter(({ way, delivered_ms }) => way === 'letter' && delivered_ms !== null)],
    ['all sent', messages],
  ]
  const present = groups.filter(([, rows]) => rows.length > 0)
  return {
    delays: present.flatMap(([series, rows]) => {
      const delays = rows.flatMap((row) => (row.delivered_ms === null ? [] : [row.delivered_ms - row.sent_ms]))
      return named(series, cumulativeShares(delays, rows.length, POINTS_MAX))
    }),
    counts: Object.fromEntries(present.map(([series, rows]) => [series, rows.length])),
  }
}

function hopCounts(result: RunResult): ReportData['hops'] {
  const counts = new Map<string, { hops: number; found: boolean; count: number }>()
  for (const { hops, found } of result.lookups) {
    const key = `${hops}/${found}`
    const bar = counts.get(key) ?? { hops, found, count: 0 }
    bar.count += 1
    counts.set(key, bar)
  }
  return [...counts.values()].sort((a, b) => a.hops - b.hops || Number(b.found) - Number(a.found))
}

function loadBins(nodes: readonly NodeRow[]): ReportData['load'] {
  const rates = nodes
    .filter(({ uptime_ms }) => uptime_ms > 0)
    .map((node) => ({
      group: node.class,
      value: ((node.bytes_sent + node.bytes_received) * 1_000) / node.uptime_ms,
    }))
  return histogram(rates, BINS).map(({ group, ...bin }) => ({ ...bin, class: group }))
}

function named(series: string, points: readonly Point[]): SeriesPoint[] {
  return points.map((point) => ({ ...point, series }))
}
