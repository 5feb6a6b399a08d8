import { student975, Z_975 } from './student.ts'

/** An estimate with its 95 % confidence interval; NaN bounds where the data do not allow one. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** A proportion seen in one run: `share` of `trials`. */
export interface Proportion {
  readonly share: number
  readonly trials: number
}

/** Mean of independent runs with Student's t; one run has no interval. */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length
  const estimate = values.reduce((sum, value) => sum + value, 0) / n
  if (n < 2) {
    return { estimate, low: Number.NaN, high: Number.NaN }
  }
  const squares = values.reduce((sum, value) => sum + (value - estimate) ** 2, 0)
  const half = student975(n - 1) * Math.sqrt(squares / (n - 1) / n)
  return { estimate, low: estimate - half, high: estimate + half }
}

/** Wilson's interval (JASA 22, 1927) for `share` of `trials`. */
export function wilsonInterval({ share, trials }: Proportion): Interval {
  const z2 = Z_975 ** 2
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
  const half = (Z_975 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2))
  // What rounding takes away at 0 and 1.
  return {
    estimate: share,
    low: Math.max(0, Math.min(middle - half, share)),
    high: Math.min(1, Math.max(middle + half, share)),
  }
}

/**
 * A proportion over several runs: all trials together, Wilson's interval. Messages of one run share its fate and are not
 * independent: where runs differ more than chance allows, the number of trials is divided by the design effect (Kish 1965;
 * with Wilson: Franco et al., J. Survey Statistics and Methodology 7, 2019), so that ten runs of a million messages do not
 * pretend to be ten million coins.
 */
export function proportionInterval(runs: readonly Proportion[]): Interval {
  const counted = runs.filter(({ trials }) => trials > 0)
  const trials = counted.reduce((sum, run) => sum + run.trials, 0)
  if (trials === 0) {
    return { estimate: Number.NaN, low: Number.NaN, high: Number.NaN }
  }
  const share = counted.reduce((sum, run) => sum + run.share * run.trials, 0) / trials
  return wilsonInterval({ share, trials: trials / designEffect(counted, share, trials) })
}

/** Variance of the share between runs (ratio estimator) over that of as many independent trials; never below 1. */
function designEffect(runs: readonly Proportion[], share: number, trials: number): number {
  const n = runs.length
  const independent = (share * (1 - share)) / trials
  if (n < 2 || !(independent > 0)) {
    return 1
  }
  const squares = runs.reduce((sum, run) => sum + ((run.trials * (run.share - share)) / trials) ** 2, 0)
  const between = (n / (n - 1)) * squares
  // Wilson takes z; so few runs deserve Student's t.
  const penalty = (student975(n - 1) / Z_975) ** 2
  return Math.max(1, (between / independent) * penalty)
}
