import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as bytes from '../../../src/util/bytes.ts'

test('the encodings agree with those of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.string({ unit: 'grapheme' }), (data, text) => {
      const buffer = Buffer.from(data)
      assert.equal(bytes.toHex(data), buffer.toString('hex'))
      assert.equal(bytes.toBase64(data), buffer.toString('base64'))
      assert.equal(bytes.toBase64url(data), buffer.toString('base64url'))
      assert.deepEqual(bytes.toUtf8(text), new Uint8Array(Buffer.from(text)))
    }),
  )
})

test('what was encoded comes back as plain bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
      for (const back of [
        bytes.fromHex(bytes.toHex(data)),
        bytes.fromBase64url(bytes.toBase64url(data)),
        bytes.fromBase58(bytes.toBase58(data)),
      ]) {
        assert.deepEqual(back, data)
        assert.equal(back.constructor, Uint8Array)
      }
    }),
  )
})

test('base32 and base58 follow their published vectors', () => {
  // RFC 4648 section 10, in lower case and without padding.
  assert.equal(bytes.toBase32(bytes.toUtf8('foobar')), 'mzxw6ytboi')
  assert.equal(bytes.toBase32(bytes.toUtf8('f')), 'my')
  // draft-msporny-base58-03 section 5.
  assert.equal(bytes.toBase58(bytes.toUtf8('Hello World!')), '2NEpo7TZRRrLZSi2U')
  assert.equal(bytes.toBase58(bytes.fromHex('0000287fb4cd')), '11233QC4')
})
