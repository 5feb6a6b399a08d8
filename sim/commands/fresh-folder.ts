import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OutputError } from '../output/output-error.ts'

/** Runs of the same scenario and seed that are kept beside each other. */
const FOLDERS_MAX = 1_000

/** A folder for a run that named none: `kabber-sim/NAME-TIER-SEED`, with a number behind it if that is taken. */
export function freshFolder(name: string, tier: string, seed: number): string {
  const base = join('kabber-sim', `${name}-${tier}-${seed}`)
  for (let n = 1; n <= FOLDERS_MAX; n++) {
    const path = n === 1 ? base : `${base}-${n}`
    if (!existsSync(path)) {
      return path
    }
  }
  throw new OutputError(`${base}: ${FOLDERS_MAX} runs are there already; name a folder with --out`)
}
