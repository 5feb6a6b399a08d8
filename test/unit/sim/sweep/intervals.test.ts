import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { meanInterval, proportionInterval, wilsonInterval } from '../../../../sim/sweep/intervals.ts'
import { metricInterval } from '../../../../sim/sweep/metric-interval.ts'
import { student975 } from '../../../../sim/sweep/student.ts'
import { plainMetrics } from '../../../support/sim-run.ts'

function close(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`)
}

test("Student's quantiles are those of the tables", () => {
  const table: [number, number][] = [
    [1, 12.7062],
    [2, 4.3027],
    [10, 2.22814],
    [30, 2.0423],
    [31, 2.0395],
    [40, 2.0211],
    [120, 1.9799],
    [1e6, 1.96],
  ]
  for (const [freedom, t] of table) {
    close(student975(freedom), t, 6e-5 * t)
  }
})

test('the interval of a mean: 1 to 5 have 3 ± 1.9632', () => {
  const { estimate, low, high } = meanInterval([1, 2, 3, 4, 5])
  assert.equal(estimate, 3)
  close(low, 3 - 1.963243, 1e-5)
  close(high, 3 + 1.963243, 1e-5)
})

test('one run has an estimate and no interval', () => {
  assert.deepEqual(meanInterval([7]), { estimate: 7, low: Number.NaN, high: Number.NaN })
})

test("Wilson's interval as published: 8 of 10, 0 of 20, 20 of 20", () => {
  const cases: [number, number, number, number][] = [
    [0.8, 10, 0.490162, 0.943317],
    [0, 20, 0, 0.161125],
    [1, 20, 0.838875, 1],
  ]
  for (const [share, trials, low, high] of cases) {
    const interval = wilsonInterval({ share, trials })
    close(interval.low, low, 1e-5)
    close(interval.high, high, 1e-5)
  }
})

test('runs that agree count as all their trials; runs that differ count for less', () => {
  const agreeing = proportionInterval([
    { share: 0.9, trials: 1_000 },
    { share: 0.9, trials: 1_000 },
  ])
  const whole = wilsonInterval({ share: 0.9, trials: 2_000 })
  close(agreeing.low, whole.low, 1e-12)
  const differing = proportionInterval([
    { share: 0.99, trials: 1_000 },
    { share: 0.81, trials: 1_000 },
  ])
  close(differing.estimate, 0.9, 1e-12)
  assert.ok(differing.high - differing.low > 5 * (agreeing.high - agreeing.low))
})

test('a proportion of nothing is not a number', () => {
  assert.ok(Number.isNaN(proportionInterval([]).estimate))
  assert.ok(Number.isNaN(proportionInterval([{ share: 0, trials: 0 }]).low))
})

test('an interval holds its estimate and stays within 0 and 1', () => {
  const run = fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), trials: fc.integer({ min: 1, max: 1e6 }) })
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 20 }), (runs) => {
      const { estimate, low, high } = proportionInterval(runs)
      assert.ok(
        low >= 0 && low <= estimate + 1e-12 && estimate <= high + 1e-12 && high <= 1,
        `${low} ${estimate} ${high}`,
      )
    }),
  )
})

test('a share of links, which are counted over and over, is a mean over the runs, however many dials there were', () => {
  const runs = [0.2, 0.4].map((punched_share, i) => plainMetrics({ punched_share, dials: i * 1_000 }))
  const { kind, runs: counted, estimate } = metricInterval('punched_share', runs)
  assert.deepEqual([kind, counted], ['mean', 2])
  assert.ok(Math.abs(estimate - 0.3) < 1e-9)
})
