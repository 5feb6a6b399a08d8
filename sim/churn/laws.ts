import type { Law } from '../scenario/scenario.ts'
import type { Draws } from './draws.ts'
import { gammaQuantile, lnGamma, normalQuantile } from './special-functions.ts'

/** One draw from a law, milliseconds, by inversion: one number of the stream each. */
export function sampleLaw(law: Law, draws: Draws): number {
  // In (0, 1]: its logarithm is finite.
  const u = 1 - draws.next()
  switch (law.law) {
    case 'constant':
      return law.ms
    case 'exponential':
      return -law.meanMs * Math.log(u)
    case 'weibull':
      return law.scaleMs * (-Math.log(u)) ** (1 / law.shape)
    case 'lognormal':
      return law.medianMs * Math.exp(law.sigma * normalQuantile(1 - u))
    case 'pareto':
      return law.minimumMs * u ** (-1 / law.shape)
  }
}

/**
 * What is left of a session met at a random moment, milliseconds: density S(t)/E. Long sessions are met more often, so
 * for the heavy laws of real networks this is much longer than a fresh one. Two numbers of the stream each.
 */
export function sampleResidual(law: Law, draws: Draws): number {
  const u = draws.next()
  const v = draws.next()
  switch (law.law) {
    case 'constant':
      return law.ms * u
    case 'exponential':
      return -law.meanMs * Math.log(1 - u)
    case 'weibull':
      // The integral of S is P(1/k, (t/λ)^k).
      return law.scaleMs * gammaQuantile(1 / law.shape, u) ** (1 / law.shape)
    case 'lognormal':
      // A session weighted by its length is lognormal again, its logarithm σ² higher; we are anywhere in it.
      return u * law.medianMs * Math.exp(law.sigma * (law.sigma + normalQuantile(v)))
    case 'pareto':
      return u <= 1 - 1 / law.shape
        ? u * lawMeanMs(law)
        : law.minimumMs * (law.shape * (1 - u)) ** (-1 / (law.shape - 1))
  }
}

/** The mean of a law, milliseconds; a Pareto law needs a shape above 1 to have one. */
export function lawMeanMs(law: Law): number {
  switch (law.law) {
    case 'constant':
      return law.ms
    case 'exponential':
      return law.meanMs
    case 'weibull':
      return law.scaleMs * Math.exp(lnGamma(1 + 1 / law.shape))
    case 'lognormal':
      return law.medianMs * Math.exp(law.sigma ** 2 / 2)
    case 'pareto':
      return (law.shape * law.minimumMs) / (law.shape - 1)
  }
}
