/**
 * The probability of a sample at least this far from a law, by Kolmogorov's limit with Stephens' correction (1970); for
 * 100 draws or more.
 */
export function ksProbability(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort()
  const n = sorted.length
  let distance = 0
  sorted.forEach((x, i) => {
    const expected = cdf(x)
    distance = Math.max(distance, expected - i / n, (i + 1) / n - expected)
  })
  const scaled = (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance
  let sum = 0
  for (let k = 1; k <= 100; k++) {
    sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * scaled * scaled)
  }
  return Math.min(1, Math.max(0, sum))
}
