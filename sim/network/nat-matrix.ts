import type { NatCell } from '../results/results.ts'
import { mappingTrial, ONE_AFTER_THE_OTHER, type PunchTiming, punchTrial } from './punch-trial.ts'

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

/** Both sides of a punch start at the same time, as DCUtR has it, and their packets cross. */
const AT_ONCE: PunchTiming = { latencyMs: 40, skewMs: 5 }

/**
 * How two nodes behind these boxes come together over TCP, the best way first: dialled, dialled at a port that a router
 * mapped, punched, or through a relay, which always works. Chains as `natChain` reads them. For the laboratory of real
 * boxes (test/natlab), whose table has it beside its own; what its boxes are called here: `open` (public), `upnp` (maps
 * ports), `firewall` (filter alone), `home` (endpoint-independent by keeping ports, filters by address and port; the same
 * with UDP blocked, as nothing here is UDP), `port-restricted` (the same by the textbook), `home+home` or `home+cgn-fixed`
 * (double NAT), `symmetric` (another port for each destination).
 */
export function wayBetween(from: string, to: string, seed: number): 'direct' | 'mapped' | 'punched' | 'relayed' {
  if (from === 'open' || to === 'open') {
    return 'direct'
  }
  if (mappingTrial(from, seed) || mappingTrial(to, seed)) {
    return 'mapped'
  }
  return punchTrial(from, to, 'tcp', seed, AT_ONCE) === 'failed' ? 'relayed' : 'punched'
}
