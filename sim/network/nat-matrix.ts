import type { NatCell } from '../results/results.ts'
import { ONE_AFTER_THE_OTHER, type PunchTiming, punchTrial } from './punch-trial.ts'

/** The five boxes of the punch matrix that was measured on Linux (R22), in its order. */
export const PUNCH_VARIANTS: readonly string[] = [
  'full-cone',
  'address-restricted',
  'port-restricted',
  'home-linux',
  'symmetric',
]

/** What `natMatrix` computes. */
export interface NatMatrixOptions {
  readonly protocol: 'udp' | 'tcp'
  /** Pairs of boxes: all of these with all. @default `PUNCH_VARIANTS` */
  readonly variants?: readonly string[]
  /** Trials of each cell, each with another seed. @default 5 */
  readonly trials?: number
  /** @default 1 */
  readonly seed?: number
  /** @default the row's side is first, and no latency, as in the kernel lab */
  readonly timing?: PunchTiming
}

/** Hole punches between boxes of all kinds by our model: a cell for each row (who starts) and column. */
export function natMatrix(options: NatMatrixOptions): readonly NatCell[] {
  const { protocol, variants = PUNCH_VARIANTS, trials = 5, seed = 1, timing = ONE_AFTER_THE_OTHER } = options
  return variants.flatMap((from) =>
    variants.map((to) => {
      const cell = { from, to, direct: 0, punched: 0, relayed: 0, failed: 0 }
      for (let trial = 0; trial < trials; trial++) {
        cell[punchTrial(from, to, protocol, seed + trial, timing)] += 1
      }
      return cell
    }),
  )
}
