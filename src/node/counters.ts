/** Distinct reasons counted; every further one is counted as `other`, so that a peer cannot make names. *ours* */
const COUNTERS_MAX = 100

/** Counts by short constant names, for `status` and later metrics. */
export class Counters {
  readonly #counts = new Map<string, number>()

  add(name: string): void {
    const key = this.#counts.has(name) || this.#counts.size < COUNTERS_MAX ? name : 'other'
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort())
  }
}
