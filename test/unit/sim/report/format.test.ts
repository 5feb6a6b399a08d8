import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMetric } from '../../../../sim/report/format.ts'

test('a metric is written short, with its unit', () => {
  const written: readonly (readonly [string, number | null, string])[] = [
    ['bytes_per_node_per_s', 312, '312 B/s'],
    ['bytes_per_node_per_s', 3_319.1, '3.24 KiB/s'],
    ['bytes_per_node_per_s', 123_456_789, '118 MiB/s'],
    ['delivered_share', 0.99996, '99.99 %'],
    ['delivered_share', 1, '100 %'],
    ['delay_p50_ms', 90_000, '1.5 min'],
    ['lookups', 12_345, '12,345'],
    ['replicas_min', null, '–'],
  ]
  for (const [name, value, text] of written) {
    assert.equal(formatMetric(name, value), text)
  }
})
