import type { LookupRow, RunResult, SampleRow } from '../results/results.ts'
import type { Account, Ledger } from './ledger.ts'

export interface MetricsInput {
  readonly ledger: Ledger
  readonly lookups: readonly LookupRow[]
  readonly samples: readonly SampleRow[]
  readonly dials: number
  readonly dialsFailed: number
  /** Seconds that nodes were up, together. */
  readonly nodeSeconds: number
  readonly bytes: number
}

/** The figures of a run; shares and percentiles of nothing are 1 and 0. */
export function metricsOf(input: MetricsInput): RunResult['metrics'] {
  const { ledger, lookups, dials, dialsFailed, nodeSeconds, bytes } = input
  const delays = sorted(ledger.accounts, ({ sentMs, deliveredMs }) => deliveredMs !== null && deliveredMs - sentMs)
  const stored = sorted(ledger.accounts, ({ sentMs, storedMs }) => storedMs !== null && storedMs - sentMs)
  const letters = ledger.accounts.filter(({ way }) => way === 'letter').length
  const kept = input.samples.filter((sample) => sample.replicas_mean > 0)
  return {
    messages_sent: ledger.sent,
    messages_delivered: ledger.delivered,
    messages_failed: ledger.failed,
    messages_pending: ledger.sent - ledger.delivered - ledger.failed,
    delivered_share: share(ledger.delivered, ledger.sent, 1),
    delivered_twice: ledger.deliveredTwice,
    lost: ledger.lost,
    delay_p50_ms: percentile(delays, 0.5),
    delay_p90_ms: percentile(delays, 0.9),
    delay_p99_ms: percentile(delays, 0.99),
    stored_p50_ms: percentile(stored, 0.5),
    letters_share: share(letters, ledger.delivered, 0),
    lookups: lookups.length,
    lookup_found_share: share(lookups.filter(({ found }) => found).length, lookups.length, 1),
    lookup_hops_mean: mean(lookups.filter(({ hops }) => hops > 0).map(({ hops }) => hops)),
    replicas_mean: mean(kept.map((sample) => sample.replicas_mean)),
    replicas_min: kept.reduce((least, sample) => Math.min(least, sample.replicas_min), kept[0]?.replicas_min ?? 0),
    bytes_per_node_per_s: share(bytes, nodeSeconds, 0),
    dials,
    dials_failed_share: share(dialsFailed, dials, 0),
    punched_share: 0,
    relayed_share: 0,
    violations: ledger.violationsCount,
  }
}

function sorted(accounts: readonly Account[], value: (account: Account) => number | false): Float64Array {
  return Float64Array.from(accounts.map(value).filter((one) => one !== false)).sort()
}

/** The smallest value that this part of all does not exceed (nearest rank). */
function percentile(values: Float64Array, part: number): number {
  return values[Math.max(0, Math.ceil(part * values.length) - 1)] ?? 0
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function share(part: number, whole: number, ofNothing: number): number {
  return whole === 0 ? ofNothing : part / whole
}
