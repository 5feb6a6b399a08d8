import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodedOr } from '../../../src/util/decoded-or.ts'
import type { ProtobufMessage } from '../../../src/util/protobuf.ts'
import { field, protobufMessage } from '../../../src/util/protobuf.ts'

const message = protobufMessage({ name: field.string(1, { minBytes: 1, maxBytes: 9 }) })

test('what is well encoded is decoded, canonical if asked', () => {
  const bytes = message.encode({ name: 'romeo' })
  assert.deepEqual(
    decodedOr(message, bytes, () => 'refused'),
    { name: 'romeo' },
  )
  const withLongLength = Uint8Array.of(0x0a, 0x81, 0x00, 0x72)
  assert.deepEqual(
    decodedOr(message, withLongLength, () => 'refused'),
    { name: 'r' },
  )
  assert.equal(
    decodedOr(message, withLongLength, () => 'refused', { canonical: true }),
    'refused',
  )
})

test('what is malformed is told in the words of the caller, who may throw', () => {
  assert.equal(
    decodedOr(message, Uint8Array.of(0xff), () => undefined),
    undefined,
  )
  const refuse = ({ reason }: { readonly reason: string }): never => {
    throw new RangeError(reason)
  }
  assert.throws(() => decodedOr(message, Uint8Array.of(0xff), refuse), new RangeError('malformed'))
})

test('a bug in the decoding is not taken for malformed bytes', () => {
  const broken = {
    decode: () => {
      throw new TypeError('a bug')
    },
  } as unknown as ProtobufMessage<string>
  assert.throws(() => decodedOr(broken, new Uint8Array(), () => 'refused'), TypeError)
})
