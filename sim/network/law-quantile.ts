import type { Law } from '../scenario/scenario.ts'

/**
 * The duration, in milliseconds, below which a share `u` of what the law gives lies; `u` and `v` are uniform in [0, 1), `v`
 * is used by the lognormal law alone (Box and Muller 1958).
 */
export function lawQuantile(law: Law, u: number, v: number): number {
  switch (law.law) {
    case 'constant':
      return law.ms
    case 'exponential':
      return -Math.log(1 - u) * law.meanMs
    case 'weibull':
      return law.scaleMs * (-Math.log(1 - u)) ** (1 / law.shape)
    case 'lognormal':
      return law.medianMs * Math.exp(law.sigma * Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v))
    case 'pareto':
      return law.minimumMs / (1 - u) ** (1 / law.shape)
  }
}
