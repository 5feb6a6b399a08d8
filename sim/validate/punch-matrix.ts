import { natMatrix, PUNCH_VARIANTS } from '../network/nat-matrix.ts'
import type { Effort, Finding, Reference } from './finding.ts'

const TRIALS = { quick: 20, full: 100 }

/** The boxes of `PUNCH_VARIANTS` in their order: pairs that succeed always (1) or never (0), row and column. */
const MEASURED: readonly (readonly number[])[] = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
  [1, 1, 0, 0, 0],
  [1, 1, 0, 0, 0],
]

/** R22: the punch matrix of a real Linux kernel. */
export const PUNCH_MATRIX: Reference = {
  id: 'R22',
  subject: 'UDP hole punches between boxes',
  source: 'measured in network namespaces, Linux 6.18, nftables, 5 trials a pair',
  check,
}

function check({ quick, seed }: Effort): Finding[] {
  const trials = quick ? TRIALS.quick : TRIALS.full
  const cells = natMatrix({ protocol: 'udp', trials, seed })
  return MEASURED.flatMap((row, i) =>
    row.flatMap((expected, j): Finding[] => {
      const [from, to] = [PUNCH_VARIANTS[i], PUNCH_VARIANTS[j]]
      const cell = cells.find((other) => other.from === from && other.to === to)
      // The lab measured the upper half.
      if (j < i || cell === undefined) {
        return []
      }
      const isSame = cell.punched + cell.direct === expected * trials
      return [
        {
          quantity: `${from} – ${to}`,
          published: expected === 1 ? '5/5' : '0/5',
          ours: `${cell.punched + cell.direct}/${trials}`,
          tolerance: 'identical',
          outcome: isSame ? 'pass' : 'FAIL',
          reason: isSame ? '' : 'another outcome than the kernel',
        },
      ]
    }),
  )
}
