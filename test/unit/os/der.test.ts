import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readDer } from '../../../src/os/der.ts'

test('elements side by side are read, with short and long lengths', () => {
  const long = new Uint8Array(300).fill(7)
  const bytes = Uint8Array.of(0x02, 1, 5, 0x30, 0x82, 1, 44, ...long, 0x05, 0)
  assert.deepEqual(readDer(bytes), [
    { tag: 0x02, content: Uint8Array.of(5) },
    { tag: 0x30, content: long },
    { tag: 0x05, content: new Uint8Array() },
  ])
})

test('bytes that are no DER give a RangeError or elements, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readDer(bytes)
      } catch (error) {
        assert.ok(error instanceof RangeError)
      }
    }),
  )
  for (const bytes of [
    [0x30, 5, 1],
    [0x30, 0x80],
    [0x30, 0x85, 1, 1, 1, 1, 1],
    [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
  ]) {
    assert.throws(() => readDer(Uint8Array.from(bytes)), RangeError)
  }
})
