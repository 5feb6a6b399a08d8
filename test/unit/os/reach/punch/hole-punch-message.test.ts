import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { decodeHolePunch, encodeHolePunch } from '../../../../../src/os/reach/punch/hole-punch-message.ts'
import { MAX_NAMED_ADDRESSES } from '../../../../../src/os/reach/punch/punch-limits.ts'
import { ProtocolViolation } from '../../../../../src/util/protocol-violation.ts'

const ADDRESS = multiaddr('/ip4/9.8.7.6/tcp/4001')
/** type = 100, then field 2 with /ip4/9.8.7.6/tcp/4001 (0x04 … 0x06 …): what go-libp2p writes. */
const CONNECT = Uint8Array.of(0x08, 100, 0x12, 8, 0x04, 9, 8, 7, 6, 0x06, 0x0f, 0xa1)
const SYNC = Uint8Array.of(0x08, 0xac, 0x02)

test('messages have the bytes that the specification gives them', () => {
  assert.deepEqual(encodeHolePunch('CONNECT', [ADDRESS]), CONNECT)
  assert.deepEqual(encodeHolePunch('SYNC'), SYNC)
  assert.deepEqual(decodeHolePunch(CONNECT, 'CONNECT').map(String), [ADDRESS.toString()])
  assert.deepEqual(decodeHolePunch(SYNC, 'SYNC'), [])
})

test('a message of the other type, of none or of an unknown one is a violation', () => {
  for (const [bytes, expected] of [
    [SYNC, 'CONNECT'],
    [CONNECT, 'SYNC'],
    [Uint8Array.of(), 'SYNC'],
    [Uint8Array.of(0x08, 1), 'SYNC'],
  ] as const) {
    assert.throws(() => decodeHolePunch(bytes, expected), ProtocolViolation)
  }
})

test('what is no multiaddr is left out, and too many addresses are a violation', () => {
  const mixed = Uint8Array.of(...CONNECT, 0x12, 2, 0xff, 0xff)
  assert.deepEqual(decodeHolePunch(mixed, 'CONNECT').map(String), [ADDRESS.toString()])
  const many = Array.from({ length: MAX_NAMED_ADDRESSES + 1 }, () => [...CONNECT.subarray(2)]).flat()
  assert.throws(() => decodeHolePunch(Uint8Array.of(0x08, 100, ...many), 'CONNECT'), ProtocolViolation)
})

test('any bytes are addresses or a violation, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, isConnect) => {
      const input = isConnect ? Uint8Array.of(0x08, 100, ...bytes) : bytes
      try {
        decodeHolePunch(input, 'CONNECT')
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error))
      }
    }),
  )
})
