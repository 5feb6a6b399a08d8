import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawsOf } from '../../../../sim/churn/draws.ts'
import { lawMeanMs, sampleLaw, sampleResidual } from '../../../../sim/churn/laws.ts'
import type { Law } from '../../../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { ksProbability } from './kolmogorov-smirnov.ts'

const DRAWS = 100_000

/** Two dozen samples are tested: one in 20 of good ones is below .05, one in 1,000 below this. A wrong law gives 0. */
const P_MIN = 0.001
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Laws, and the probability of a session longer than t in a form that owes nothing to the sampler. */
const LAWS: readonly {
  readonly name: string
  readonly law: Law
  readonly survival: (t: number) => number
  readonly meanMs: number
}[] = [
  {
    name: 'exponential',
    law: { law: 'exponential', meanMs: 90_000 },
    survival: (t) => Math.exp(-t / 90_000),
    meanMs: 90_000,
  },
  ...(
    [
      ['Red Hat (R8)', 0.34, 21.3 * MINUTE_MS, undefined],
      ['Debian (R8)', 0.38, 42.4 * MINUTE_MS, undefined],
      ['FlatOut (R8)', 0.59, 41.9 * MINUTE_MS, undefined],
      ['KAD 2007 (R10)', 0.5, 5_000_000, 10_000_000],
      ['IPFS 2021 (R12)', 0.518, 1.93 * HOUR_MS, 3.63 * HOUR_MS],
      ['IPFS 2022 (R13)', 0.608, 3.66 * HOUR_MS, 5.41 * HOUR_MS],
      ['a bell', 3, HOUR_MS, undefined],
    ] as const
  ).map(([name, shape, scaleMs, meanMs]) => {
    const law: Law = { law: 'weibull', shape, scaleMs }
    return { name, law, survival: (t: number) => Math.exp(-((t / scaleMs) ** shape)), meanMs: meanMs ?? lawMeanMs(law) }
  }),
  {
    name: 'lognormal',
    law: { law: 'lognormal', medianMs: HOUR_MS, sigma: 1.2 },
    survival: (t) => 1 - normalCdf(Math.log(t / HOUR_MS) / 1.2),
    meanMs: HOUR_MS * Math.exp(0.72),
  },
  {
    name: 'Pareto',
    law: { law: 'pareto', shape: 2.5, minimumMs: 1_000 },
    survival: (t) => (t < 1_000 ? 1 : (1_000 / t) ** 2.5),
    meanMs: 5_000 / 3,
  },
]

describe('a law of durations', () => {
  for (const { name, law, survival, meanMs } of LAWS) {
    const draws = drawsOf(new SeededRandom(`laws/${name}`))

    it(`gives ${DRAWS} draws that fit it: ${name}`, () => {
      const sample = Array.from({ length: DRAWS }, () => sampleLaw(law, draws))
      const p = ksProbability(sample, (t) => 1 - survival(t))
      assert(p > P_MIN, `p = ${p}`)
    })

    it(`gives what is left of a session met at a random moment, with density S(t)/E: ${name}`, () => {
      const sample = Array.from({ length: DRAWS }, () => sampleResidual(law, draws)).sort((a, b) => a - b)
      const cdf = integralOf(survival, sample, lawMeanMs(law))
      const p = ksProbability(sample, cdf)
      assert(p > P_MIN, `p = ${p}`)
    })

    it(`has the published mean within 0.5 %: ${name}`, () => {
      assert(Math.abs(lawMeanMs(law) / meanMs - 1) < 0.005, `${lawMeanMs(law)} ms`)
    })
  }

  it('of one value is that value, and met at a random moment any part of it', () => {
    const draws = drawsOf(new SeededRandom('constant'))
    const law: Law = { law: 'constant', ms: 500 }
    assert.equal(sampleLaw(law, draws), 500)
    const sample = Array.from({ length: 10_000 }, () => sampleResidual(law, draws))
    assert(ksProbability(sample, (t) => Math.min(1, t / 500)) > P_MIN)
  })

  it('gives the points that it was fitted to (R12, R13)', () => {
    const share = (shape: number, scaleH: number, hours: number): number => 1 - Math.exp(-((hours / scaleH) ** shape))
    assert(Math.abs(share(0.518, 1.93, 8) - 0.876) < 0.01)
    assert(Math.abs(share(0.518, 1.93, 24) - 0.975) < 0.01)
    assert(Math.abs(share(0.608, 3.66, 2) - 0.5) < 0.01)
    assert(Math.abs(share(0.608, 3.66, 8) - 0.8) < 0.01)
  })
})

/** Φ by its continued series (Marsaglia 2004). */
function normalCdf(x: number): number {
  if (Math.abs(x) > 8) {
    return x > 0 ? 1 : 0
  }
  let term = x
  let sum = x
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i
    sum += term
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - 0.9189385332046727)
}

/** ∫₀ᵗ S/E at sorted points, by Simpson's rule between each two, finer near zero where a heavy law is steep. */
function integralOf(survival: (t: number) => number, sorted: readonly number[], mean: number): (t: number) => number {
  const values = new Map<number, number>()
  let from = 0
  let sum = 0
  for (const to of sorted) {
    const steps = from === 0 ? 2_000 : 4
    const width = (to - from) / steps
    for (let i = 0; i < steps; i++) {
      const a = from + i * width
      sum += (width / 6) * (survival(a) + 4 * survival(a + width / 2) + survival(a + width))
    }
    values.set(to, sum / mean)
    from = to
  }
  return (t) => values.get(t) ?? Number.NaN
}
