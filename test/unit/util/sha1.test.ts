import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sha1 } from '../../../src/util/sha1.ts'

test('SHA-1 is that of node:crypto for every length around the block borders', () => {
  for (let length = 0; length < 200; length++) {
    const data = new Uint8Array(length).map((_, i) => (i * 7 + length) & 0xff)
    assert.deepEqual(sha1(data), new Uint8Array(createHash('sha1').update(data).digest()))
  }
})

test('SHA-1 is that of node:crypto for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (data) => {
      assert.deepEqual(sha1(data), new Uint8Array(createHash('sha1').update(data).digest()))
    }),
  )
})
