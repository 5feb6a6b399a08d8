import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { gammaP, gammaQuantile, lnGamma, normalQuantile } from '../../../../sim/churn/special-functions.ts'

function near(actual: number, expected: number, relative: number): void {
  assert(Math.abs(actual - expected) <= relative * Math.max(Math.abs(expected), 1e-12), `${actual}, not ${expected}`)
}

describe('special functions', () => {
  it('give the logarithm of factorials and of the square root of pi', () => {
    near(lnGamma(0.5), Math.log(Math.sqrt(Math.PI)), 1e-12)
    near(lnGamma(11), Math.log(3_628_800), 1e-12)
    near(lnGamma(0.1), 2.252712651734206, 1e-12)
  })

  it('give the incomplete gamma function (values of DLMF: 1 - e^-x for a = 1, erf √x for a = 1/2)', () => {
    near(gammaP(1, 0.7), 1 - Math.exp(-0.7), 1e-12)
    near(gammaP(0.5, 1), 0.8427007929497149, 1e-12)
    near(gammaP(0.5, 9), 0.9999779095030014, 1e-12)
    near(gammaP(3, 2), 1 - 5 * Math.exp(-2), 1e-12)
  })

  it('invert it', () => {
    const shapes = fc.double({ min: 0.1, max: 5, noNaN: true })
    const levels = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true })
    fc.assert(
      fc.property(shapes, levels, (a, u) => near(gammaP(a, gammaQuantile(a, u)), u, 1e-6)),
      { numRuns: 2_000 },
    )
    assert.equal(gammaQuantile(2, 0), 0)
  })

  it('give the quantiles of the normal law', () => {
    near(normalQuantile(0.975), 1.959963984540054, 1e-8)
    near(normalQuantile(0.001), -3.090232306167813, 1e-8)
    assert(Math.abs(normalQuantile(0.5)) < 1e-12)
    assert(Number.isFinite(normalQuantile(0)) && Number.isFinite(normalQuantile(1)))
  })
})
