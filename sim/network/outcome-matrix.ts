import type { NatCell } from '../results/results.ts'

/** How a connection came about, or not. */
export type NatOutcome = 'direct' | 'punched' | 'relayed' | 'failed'

/** Cells at most: labels come from scenarios, so this is never reached by honest ones. */
const MAX_CELLS = 4_096

/** Counts outcomes by the boxes of both sides. */
export class OutcomeMatrix {
  readonly #cells = new Map<string, { from: string; to: string } & Record<NatOutcome, number>>()

  note(from: string, to: string, outcome: NatOutcome): void {
    const key = `${from}>${to}`
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      if (this.#cells.size >= MAX_CELLS) {
        return
      }
      cell = { from, to, direct: 0, punched: 0, relayed: 0, failed: 0 }
      this.#cells.set(key, cell)
    }
    cell[outcome] += 1
  }

  /** Sorted by both labels. */
  cells(): readonly NatCell[] {
    return [...this.#cells.values()].sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
