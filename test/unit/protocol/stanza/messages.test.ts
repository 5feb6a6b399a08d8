import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CLOSE,
  decodeFrame,
  encodeAccount,
  encodeAnswer,
  encodeOpen,
  REQUEST,
} from '../../../../src/protocol/stanza/messages.ts'
import { type Element, element } from '../../../../src/xml/element.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { StreamError } from '../../../../src/xmpp/stream-error.ts'

const overTheWire = (frame: Element): Element => parseElement(serialize(frame))

const claim = fc.record(
  { address: fc.stringMatching(/^[a-z0-9]{1,20}@id\.internal$/), record: fc.uint8Array() },
  { noNullPrototype: true },
)
const count = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const sessionId = fc.stringMatching(/^[0-9a-f]{32}$/)

test('an open arrives as it was sent', () => {
  const open = fc.record({
    id: sessionId,
    attempt: count,
    resumption: fc.option(fc.record({ previd: sessionId, h: count }, { noNullPrototype: true }), { nil: undefined }),
    accounts: fc.array(claim, { maxLength: 16 }),
  })
  fc.assert(
    fc.property(open, (sent) => {
      assert.deepEqual(decodeFrame(overTheWire(encodeOpen(sent))), { type: 'open', ...sent })
    }),
  )
})

test('accounts and counts arrive as they were sent', () => {
  fc.assert(
    fc.property(claim, count, (account, h) => {
      assert.deepEqual(decodeFrame(overTheWire(encodeAccount(account))), { type: 'account', account })
      assert.deepEqual(decodeFrame(overTheWire(encodeAnswer(h))), { type: 'answer', h })
    }),
  )
})

test('frames without content arrive', () => {
  assert.deepEqual(decodeFrame(overTheWire(REQUEST)), { type: 'request' })
  assert.deepEqual(decodeFrame(overTheWire(CLOSE)), { type: 'close' })
})

test('a stream error arrives with condition and text', () => {
  const frame = decodeFrame(overTheWire(new StreamError('conflict', 'why').toElement()))
  assert.equal(frame.type, 'error')
  assert.ok(frame.type === 'error' && frame.error.condition === 'conflict' && frame.error.text === 'why')
})

test('the three stanzas pass as they are', () => {
  for (const name of ['message', 'presence', 'iq']) {
    const stanza = element(name, 'jabber:client')
    assert.deepEqual(decodeFrame(stanza), { type: 'stanza', stanza })
  }
})

for (const frame of [
  element('a', 'jabber:client'),
  element('a', 'urn:xmpp:sm:3', { h: '1' }),
  element('message', ''),
  element('error', 'jabber:client'),
  element('failed', 'urn:kabber:stream:0'),
]) {
  test(`${serialize(frame)} is no frame of a stanza stream`, () => {
    assert.throws(() => decodeFrame(frame), { condition: 'unsupported-stanza-type' })
  })
}

for (const h of ['', ' 1', '01', '1.0', '1e3', '-0', '+1', '0x1', '4294967296', '99999999999']) {
  test(`h='${h}' is no count`, () => {
    assert.throws(() => decodeFrame(element('a', 'urn:kabber:stream:0', { h })), { condition: 'bad-format' })
  })
}
