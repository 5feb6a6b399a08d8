const FNV_PRIME = 0x01000193
const SECOND_PRIME = 0x85ebca6b

/** A 64-bit running hash over everything that happens in a run: two runs are the same if theirs are. Not cryptographic. */
export class TraceHash {
  #first = 0x811c9dc5
  #second = 0x9e3779b9

  /** Numbers are told apart to a thousandth. */
  add(...numbers: readonly number[]): void {
    for (const number of numbers) {
      const value = Math.round(number * 1_000)
      this.#mix(value | 0)
      this.#mix(Math.floor(value / 2 ** 32) | 0)
    }
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#first, this.#second].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #mix(word: number): void {
    const first = Math.imul(this.#first ^ word, FNV_PRIME)
    this.#first = first ^ (first >>> 15)
    const second = Math.imul(this.#second ^ word ^ this.#first, SECOND_PRIME)
    this.#second = second ^ (second >>> 13)
  }
}
