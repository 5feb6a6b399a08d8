import type { Violation } from '../results/results.ts'

/** Violations kept with their words; more are counted. */
const MAX_KEPT = 1_000

/** What the checkers saw that must never be. */
export class ViolationLog {
  readonly #now: () => number
  readonly #kept: Violation[] = []
  #count = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get kept(): readonly Violation[] {
    return this.#kept
  }

  get count(): number {
    return this.#count
  }

  add(checker: string, what: string): void {
    this.#count += 1
    if (this.#kept.length < MAX_KEPT) {
      this.#kept.push({ t_ms: Math.round(this.#now()), checker, what })
    }
  }
}
