/** Letters set aside of one account; more are asked for again and again until they expire. *ours* */
const SET_ASIDE_MAX = 4_096

/**
 * Letters that by our clock are too old, or not yet sent: perhaps it is our clock that is wrong. They are neither kept nor
 * acknowledged, and their days count as uncollected on disk, so that they are looked at again after a restart.
 */
export class SetAsideLetters {
  readonly #days = new Map<string, number>()

  get size(): number {
    return this.#days.size
  }

  has(letterId: string): boolean {
    return this.#days.has(letterId)
  }

  /** False when there is no room. */
  add(letterId: string, day: number): boolean {
    if (this.#days.size >= SET_ASIDE_MAX) {
      return false
    }
    this.#days.set(letterId, day)
    return true
  }

  /** Of `through`, up to which all days are collected: what may be put on disk; days before `oldest` do not matter. */
  limit(through: number, oldest: number): number {
    let limited = through
    for (const [letterId, day] of this.#days) {
      if (day < oldest) {
        this.#days.delete(letterId)
      } else {
        limited = Math.min(limited, day - 1)
      }
    }
    return limited
  }

  clear(): void {
    this.#days.clear()
  }
}
