import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base58btc, base58flickr } from 'multiformats/bases/base58'
import { encodeBase58, quickenBase58 } from '../../../src/os/libp2p-base58.ts'

const FLICKR = '123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ'
const BITCOIN = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** By the library's own algorithm, which nobody has replaced, in the other alphabet. */
function byTheLibrary(bytes: Uint8Array): string {
  const text = base58flickr.encode(bytes).slice(1)
  return [...text].map((digit) => BITCOIN[FLICKR.indexOf(digit)]).join('')
}

test('base58 is written as multiformats writes it, whatever the bytes and their number', () => {
  const zeros = fc.uint8Array({ maxLength: 8, max: 0 })
  const any = fc.uint8Array({ maxLength: 70 })
  fc.assert(
    fc.property(zeros, any, (front, back) => {
      const bytes = Buffer.concat([front, back])
      assert.equal(encodeBase58(bytes), byTheLibrary(bytes))
    }),
    { numRuns: 2_000 },
  )
})

test('the longest that is written here, of ones alone, has room', () => {
  for (const length of [0, 1, 63, 64, 65]) {
    for (const byte of [0, 1, 255]) {
      const bytes = new Uint8Array(length).fill(byte)
      assert.equal(encodeBase58(bytes), byTheLibrary(bytes))
    }
  }
})

test('multiformats writes with it, twice quickened too, and reads what it wrote', () => {
  quickenBase58()
  quickenBase58()
  const bytes = Uint8Array.from({ length: 38 }, (_, index) => index * 7)
  const text = base58btc.encode(bytes)
  assert.equal(text, `z${byTheLibrary(bytes)}`)
  assert.equal(base58btc.encoder.baseEncode, encodeBase58)
  assert.deepEqual(base58btc.decode(text), bytes)
})
