import type { MetricName } from '../scenario/scenario.ts'

/** One row of `metrics.csv`: the network at a moment. */
export interface SampleRow {
  readonly t_ms: number
  readonly nodes_up: number
  readonly sent: number
  readonly delivered: number
  readonly failed: number
  readonly pending: number
  readonly stored: number
  /** Live copies of letters not yet collected: mean and least. NaN: there are none. */
  readonly replicas_mean: number
  readonly replicas_min: number
  readonly connections: number
  readonly bytes: number
  readonly events: number
}

/** One row of `messages`: what became of a message. */
export interface MessageRow {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly sent_ms: number
  readonly stored_ms: number | null
  readonly delivered_ms: number | null
  readonly way: 'direct' | 'letter' | 'none'
  readonly state: 'delivered' | 'failed' | 'pending'
}

/** One row of `nodes`. */
export interface NodeRow {
  readonly node: number
  readonly class: string
  readonly nat: string
  readonly uptime_ms: number
  readonly sessions: number
  readonly bytes_sent: number
  readonly bytes_received: number
  readonly letters_kept: number
}

/** One row of `lookups`. */
export interface LookupRow {
  readonly t_ms: number
  readonly node: number
  readonly hops: number
  readonly messages: number
  readonly took_ms: number
  readonly found: boolean
}

/** One cell of the NAT matrix: connections from boxes of one kind to another. */
export interface NatCell {
  readonly from: string
  readonly to: string
  readonly direct: number
  readonly punched: number
  readonly relayed: number
  readonly failed: number
}

/** What a checker saw that must never be. */
export interface Violation {
  readonly t_ms: number
  readonly checker: string
  readonly what: string
}

/** What a run leaves. */
export interface RunResult {
  readonly tier: 'stack' | 'model'
  readonly seed: number
  readonly simulatedMs: number
  /** Interrupted before its end. */
  readonly isPartial: boolean
  /** Hash over every event of the run. */
  readonly traceHash: string
  readonly metrics: Readonly<Record<MetricName, number>>
  readonly samples: readonly SampleRow[]
  readonly messages: readonly MessageRow[]
  readonly nodes: readonly NodeRow[]
  readonly lookups: readonly LookupRow[]
  readonly natMatrix: readonly NatCell[]
  readonly violations: readonly Violation[]
  readonly events: number
}

/** What a run tells while it goes on. */
export interface RunObserver {
  progress(simulatedMs: number): void
  /** One line of `trace.jsonl`; sampled by the caller. */
  trace(event: { readonly t_ms: number; readonly kind: string; readonly [key: string]: string | number }): void
}
