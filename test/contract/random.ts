import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Random } from '../../src/system/random.ts'

/** What every `Random` keeps. */
export function randomContract(name: string, make: () => Random): void {
  test(`${name}: bytes gives as many as asked for, in a plain Uint8Array of their own`, () => {
    const random = make()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), (length) => {
        const bytes = random.bytes(length)
        assert.equal(bytes.byteLength, length)
        assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
      }),
    )
  })

  test(`${name}: two draws of 16 bytes differ`, () => {
    const random = make()
    assert.notDeepEqual(random.bytes(16), random.bytes(16))
  })

  test(`${name}: every byte value turns up in 64 KiB`, () => {
    assert.equal(new Set(make().bytes(65_536)).size, 256)
  })

  test(`${name}: uniform stays below its bound`, () => {
    const random = make()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (bound) => {
        const drawn = random.uniform(bound)
        assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn < bound)
      }),
    )
  })

  test(`${name}: uniform reaches all of a small range about equally often`, () => {
    const random = make()
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 6_000; i++) {
      const drawn = random.uniform(6)
      counts[drawn] = counts[drawn]! + 1
    }
    // Twelve standard deviations: it fails once in the age of the universe.
    assert.ok(
      counts.every((count) => count > 650 && count < 1_350),
      String(counts),
    )
  })

  test(`${name}: bounds and lengths that make no sense are a mistake of the caller`, () => {
    const random = make()
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
      assert.throws(() => random.uniform(bound), { name: 'AssertionError' })
    }
    for (const length of [-1, 0.5, Number.NaN]) {
      assert.throws(() => random.bytes(length), { name: 'AssertionError' })
    }
  })
}
