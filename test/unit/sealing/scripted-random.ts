import type { Random } from '../../../src/system/random.ts'
import { assert } from '../../../src/util/assert.ts'

/** A generator that gives exactly these bytes, for vectors that name what was drawn. */
export function scriptedRandom(bytes: Uint8Array): Random {
  let drawn = 0
  return {
    bytes: (length) => {
      assert(drawn + length <= bytes.length, 'the vector has that many bytes')
      drawn += length
      return new Uint8Array(bytes.subarray(drawn - length, drawn))
    },
    uniform: () => 0,
  }
}
