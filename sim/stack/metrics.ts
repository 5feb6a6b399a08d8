import type { LookupRow, MessageRow, NodeRow, RunResult, SampleRow } from '../results/results.ts'
import type { LinkCounts } from './link-census.ts'

/** What a run counted. */
export interface Measured {
  readonly messages: readonly MessageRow[]
  readonly samples: readonly SampleRow[]
  readonly lookups: readonly LookupRow[]
  readonly nodes: readonly NodeRow[]
  readonly links: LinkCounts
  /** NaN: not measured. */
  readonly relayGapMs: number
  readonly dials: number
  readonly dialsFailed: number
  readonly deliveredTwice: number
  /** Deliveries after one that was sent later between the same two. */
  readonly outOfOrder: number
  readonly lost: number
  readonly violations: number
}

/** The metrics of a run. A share, mean or percentile of nothing is NaN: not measured; a 0 would keep a bound, and pull a mean down. */
export function metricsOf(measured: Measured): RunResult['metrics'] {
  const { messages, samples, lookups, nodes, links } = measured
  const delivered = messages.filter(({ state }) => state === 'delivered')
  const delays = sorted(delivered.map((row) => (row.delivered_ms ?? 0) - row.sent_ms))
  const stored = messages.filter((row) => row.stored_ms !== null)
  const kept = samples.filter((row) => !Number.isNaN(row.replicas_mean))
  const linked = links.direct + links.punched + links.relayed
  return {
    messages_sent: messages.length,
    messages_delivered: delivered.length,
    messages_failed: messages.filter(({ state }) => state === 'failed').length,
    messages_pending: messages.filter(({ state }) => state === 'pending').length,
    delivered_share: share(delivered.length, messages.length),
    delivered_twice: measured.deliveredTwice,
    out_of_order: measured.outOfOrder,
    lost: measured.lost,
    delay_p50_ms: percentile(delays, 0.5),
    delay_p90_ms: percentile(delays, 0.9),
    delay_p99_ms: percentile(delays, 0.99),
    stored_p50_ms: percentile(sorted(stored.map((row) => (row.stored_ms ?? 0) - row.sent_ms)), 0.5),
    letters_share: share(delivered.filter(({ way }) => way === 'letter').length, delivered.length),
    lookups: lookups.length,
    lookup_found_share: share(lookups.filter(({ found }) => found).length, lookups.length),
    lookup_hops_mean: share(
      sum(lookups, ({ hops }) => hops),
      lookups.length,
    ),
    replicas_mean: sum(kept, (row) => row.replicas_mean) / kept.length,
    replicas_min: kept.length === 0 ? Number.NaN : Math.min(...kept.map((row) => row.replicas_min)),
    bytes_per_node_per_s: share(
      sum(nodes, (row) => row.bytes_sent),
      sum(nodes, (row) => row.uptime_ms) / 1_000,
    ),
    dials: measured.dials,
    dials_failed_share: share(measured.dialsFailed, measured.dials),
    punched_share: share(links.punched, linked),
    relayed_share: share(links.relayed, linked),
    relay_gap_max_ms: measured.relayGapMs,
    violations: measured.violations,
  }
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0)
}

function share(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((left, right) => left - right)
}

/** Nearest rank. */
function percentile(values: readonly number[], rank: number): number {
  return values[Math.max(0, Math.ceil(rank * values.length) - 1)] ?? Number.NaN
}
