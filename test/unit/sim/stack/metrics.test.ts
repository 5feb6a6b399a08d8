import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertionOutcomes } from '../../../../sim/output/assertion-outcomes.ts'
import { type Measured, metricsOf } from '../../../../sim/stack/metrics.ts'

const NOTHING: Measured = {
  messages: [],
  samples: [],
  lookups: [],
  nodes: [],
  links: { direct: 0, punched: 0, relayed: 0 },
  relayGapMs: Number.NaN,
  dials: 0,
  dialsFailed: 0,
  deliveredTwice: 0,
  outOfOrder: 0,
  lost: 0,
  violations: 0,
}

test('a share, mean or percentile of nothing is not measured; what is counted is 0', () => {
  const metrics = metricsOf(NOTHING)
  const unmeasured = Object.entries(metrics).filter(([, value]) => Number.isNaN(value))
  assert.deepEqual(
    unmeasured.map(([name]) => name),
    [
      'delivered_share',
      'delay_p50_ms',
      'delay_p90_ms',
      'delay_p99_ms',
      'stored_p50_ms',
      'letters_share',
      'lookup_found_share',
      'lookup_hops_mean',
      'replicas_mean',
      'replicas_min',
      'bytes_per_node_per_s',
      'dials_failed_share',
      'punched_share',
      'relayed_share',
      'relay_gap_max_ms',
    ],
  )
  assert.ok(Object.values(metrics).every((value) => value === 0 || Number.isNaN(value)))
})

test('a bound on the delay is not kept by a run that delivered nothing', () => {
  const messages = [
    { id: 0, from: 0, to: 1, sent_ms: 1_000, stored_ms: null, delivered_ms: null, way: 'none', state: 'pending' },
  ] as const
  const bound = { metric: 'delay_p90_ms', relation: '<=', value: 10_000, text: 'delay_p90_ms <= 10 s' } as const
  const [outcome] = assertionOutcomes([bound], metricsOf({ ...NOTHING, messages }))
  assert.deepEqual([outcome?.passed, outcome?.value], [false, null])
})
