import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'

/** The exclusive upper bound that `uniform` accepts. */
const MAX_BOUND = 2 ** 32

/** The operating system's cryptographic generator. */
export class OsRandom implements Random {
  bytes(length: number): Uint8Array {
    assert(Number.isSafeInteger(length) && length >= 0, `a length is a whole number, not ${length}`)
    // Not a Buffer: its `slice` shares memory, and deep comparisons with a Uint8Array fail.
    return new Uint8Array(randomBytes(length))
  }

  uniform(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1 && bound <= MAX_BOUND, `a bound is 1 to 2^32, not ${bound}`)
    return randomInt(bound)
  }
}
