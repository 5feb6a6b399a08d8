import { assert } from '../../src/util/assert.ts'
import { CHURN_PRESETS } from '../churn/churn-presets.ts'
import { sampleLaw } from '../churn/laws.ts'
import { Stream } from '../model/stream.ts'

/** Lengths of sessions of a preset, milliseconds, ascending. */
export function drawSessions(preset: string, count: number, seed: number): Float64Array {
  const law = CHURN_PRESETS[preset]?.churn.session
  assert(law !== undefined, `${preset} has sessions`)
  const draws = new Stream(seed, `sessions of ${preset}`)
  return Float64Array.from({ length: count }, () => sampleLaw(law, draws)).sort()
}

/** The share of sorted values that is at most `limit`. */
export function shareUpTo(sorted: Float64Array, limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) <= limit) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low / sorted.length
}
