import { createHash } from 'node:crypto'
import type { Random } from '../../src/system/random.ts'
import { assert } from '../../src/util/assert.ts'

/**
 * A generator that repeats itself: sfc32 (Chris Doty-Humphrey, PractRand). `fork` gives a stream that depends on the
 * seed and the label alone, so that one more draw elsewhere does not reshuffle it. For tests and simulations only.
 */
export class SeededRandom implements Random {
  readonly seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string | number) {
    this.seed = String(seed)
    const digest = createHash('sha256').update(this.seed).digest()
    this.#a = digest.readUInt32LE(0)
    this.#b = digest.readUInt32LE(4)
    this.#c = digest.readUInt32LE(8)
    for (let round = 0; round < 12; round++) {
      this.#next()
    }
  }

  /** An independent stream named `label`. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${label}`)
  }

  bytes(length: number): Uint8Array {
    assert(Number.isSafeInteger(length) && length >= 0, `a length is a whole number, not ${length}`)
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      bytes[i] = this.#next() & 0xff
    }
    return bytes
  }

  uniform(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1 && bound <= 2 ** 32, `a bound is 1 to 2^32, not ${bound}`)
    // Draws above the last whole multiple of `bound` would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % bound)
    let draw = this.#next()
    while (draw >= limit) {
      draw = this.#next()
    }
    return draw % bound
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
