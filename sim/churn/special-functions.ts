/** Coefficients of Lanczos' approximation, g = 7, n = 9. */
const LANCZOS: readonly number[] = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** Rounds of a series or of Newton's method; 10 to 50 are used. */
const ROUNDS_MAX = 500

const PRECISION = 1e-14
const SMALLEST = 1e-300

/** ln Γ(x) for x > 0, to 1e-13. */
export function lnGamma(x: number): number {
  if (x < 0.5) {
    return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x)
  }
  const shifted = x - 1
  const base = shifted + 7.5
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (shifted + i)))
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum)
}

/** The regularised lower incomplete gamma function P(a, x): the law of a gamma variable (DLMF 8.11.4, 8.9.2). */
export function gammaP(a: number, x: number): number {
  if (x <= 0) {
    return 0
  }
  const scale = Math.exp(a * Math.log(x) - x - lnGamma(a))
  return x < a + 1 ? scale * series(a, x) : 1 - scale * continuedFraction(a, x)
}

/** The x with P(a, x) = u: Halley's method from Wilson and Hilferty's guess, as in Numerical Recipes §6.2.1. */
export function gammaQuantile(a: number, u: number): number {
  if (u <= 0) {
    return 0
  }
  const lnGammaA = lnGamma(a)
  let x = firstGuess(a, u)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (x <= 0) {
      return 0
    }
    const density = Math.exp((a - 1) * Math.log(x) - x - lnGammaA)
    const error = (gammaP(a, x) - u) / Math.max(density, SMALLEST)
    const step = error / (1 - 0.5 * Math.min(1, error * ((a - 1) / x - 1)))
    const next = x - step
    x = next <= 0 ? x / 2 : next
    if (Math.abs(step) < 1e-9 * x) {
      break
    }
  }
  return x
}

/** The z with Φ(z) = u, 0 < u < 1: Acklam's rational approximation, relative error below 1.2e-9. */
export function normalQuantile(u: number): number {
  if (u < 0.02425) {
    return tail(Math.sqrt(-2 * Math.log(Math.max(u, SMALLEST))))
  }
  if (u > 1 - 0.02425) {
    return -tail(Math.sqrt(-2 * Math.log(Math.max(1 - u, SMALLEST))))
  }
  const q = u - 0.5
  const r = q * q
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
    2.506628277459239
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1
  return (above * q) / below
}

function tail(q: number): number {
  const above =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
    2.938163982698783
  const below =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
  return above / below
}

function series(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < ROUNDS_MAX && term > sum * PRECISION; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum
}

/** Lentz's method. */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / SMALLEST
  let d = 1 / b
  let value = d
  for (let n = 1; n < ROUNDS_MAX; n++) {
    const factor = n * (a - n)
    b += 2
    d = 1 / awayFromZero(factor * d + b)
    c = awayFromZero(b + factor / c)
    value *= d * c
    if (Math.abs(d * c - 1) < PRECISION) {
      break
    }
  }
  return value
}

function awayFromZero(x: number): number {
  return Math.abs(x) < SMALLEST ? SMALLEST : x
}

function firstGuess(a: number, u: number): number {
  if (a <= 1) {
    const t = 1 - a * (0.253 + a * 0.12)
    return u < t ? (u / t) ** (1 / a) : 1 - Math.log(1 - (u - t) / (1 - t))
  }
  const z = normalQuantile(Math.min(Math.max(u, 1e-12), 1 - 1e-12))
  return Math.max(1e-3, a * (1 - 1 / (9 * a) + z / (3 * Math.sqrt(a))) ** 3)
}
