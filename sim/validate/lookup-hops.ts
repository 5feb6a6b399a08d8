import { KAD_K } from '../../src/util/kad-limits.ts'
import { greedyHops } from '../model/greedy-route.ts'
import { type Effort, type Finding, near, type Reference } from './finding.ts'
import { stillNetwork } from './still-network.ts'

const ROUTES = 5_000
const HOPS_TOLERANCE = 0.08
const SLOPE_TOLERANCE = 0.05

/**
 * A step that takes the nearest of k in the right bucket gains H_k in ln of the distance, and half a bit because the bucket
 * itself settles the first differing bit: 1 / (H_k + ln 2 / 2) = 0.2535 for k = 20. The constant of the reference, which we
 * have from memory, leaves that out.
 */
const SLOPE_REASON =
  'each step gains half a bit more than H_k, by the choice of the bucket: 1 / (H_k + ln 2 / 2) = 0.2535'

/** R1: hops grow with ln N / H_k. */
export const LOOKUP_HOPS: Reference = {
  id: 'R1',
  subject: 'hops of a lookup in a still network, k = 20',
  source: 'Cai and Devroye, ln N / H_k',
  check,
}

function check({ quick, seed }: Effort): Finding[] {
  const sizes = quick ? [1_000, 10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000]
  const means = sizes.map((nodes) => meanHops(nodes, seed))
  const harmonic = Array.from({ length: KAD_K }, (_, i) => 1 / (i + 1)).reduce((sum, part) => sum + part, 0)
  const rows = sizes.map((nodes, i) => {
    const published = Math.log(nodes) / harmonic
    return near(`N = ${nodes}`, { published, ours: means[i] ?? Number.NaN, within: HOPS_TOLERANCE * published })
  })
  const slope = slopeOf(sizes.map(Math.log), means)
  return [
    ...rows,
    near(
      'slope against ln N',
      { published: 1 / harmonic, ours: slope, within: SLOPE_TOLERANCE / harmonic },
      SLOPE_REASON,
    ),
    near('slope, derived here', { published: derivedSlope(), ours: slope, within: SLOPE_TOLERANCE * derivedSlope() }),
  ]
}

function meanHops(nodes: number, seed: number): number {
  const { world, tables, stream, nowMs } = stillNetwork(nodes, seed)
  let hops = 0
  for (let route = 0; route < ROUTES; route++) {
    const place = { high: stream.bits(), low: stream.bits() }
    hops += greedyHops(world, tables, stream.uniform(nodes), place, nowMs)
  }
  return hops / ROUTES
}

/**
 * A step finds the nearest of k in the bucket of the first differing bit: it gains as many bits as the longest of k runs of
 * heads, and one. So hops grow with log2 N over the expected maximum of k geometric numbers, which is H_k / ln 2 + 1/2 but
 * for a ten-thousandth.
 */
function derivedSlope(): number {
  let bits = 0
  for (let run = 0; run < 64; run++) {
    bits += 1 - (1 - 2 ** -run) ** KAD_K
  }
  return 1 / (bits * Math.LN2)
}

/** Least squares. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const meanX = xs.reduce((sum, x) => sum + x, 0) / xs.length
  const meanY = ys.reduce((sum, y) => sum + y, 0) / ys.length
  const products = xs.reduce((sum, x, i) => sum + (x - meanX) * ((ys[i] ?? 0) - meanY), 0)
  return products / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0)
}
