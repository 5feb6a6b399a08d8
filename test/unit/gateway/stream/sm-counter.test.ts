import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addToCounter, counterDistance, readCounter } from '../../../../src/gateway/stream/sm-counter.ts'

test('counters begin again at zero after 2^32 - 1 (XEP-0198 §4)', () => {
  assert.equal(addToCounter(0, 5), 5)
  assert.equal(addToCounter(0xffff_ffff, 1), 0)
  assert.equal(counterDistance(0xffff_fffe, 3), 5)
  assert.equal(counterDistance(3, 3), 0)
  // A client that goes back counts nearly all there are: more than anybody was sent.
  assert.equal(counterDistance(3, 2), 0xffff_ffff)
})

test('a counter is a number of 32 bits, and nothing else', () => {
  assert.equal(readCounter('0'), 0)
  assert.equal(readCounter('4294967295'), 0xffff_ffff)
  for (const text of [undefined, '', '-1', '+1', '1.0', '1e3', ' 1', '4294967296', '99999999999', '0x1']) {
    assert.equal(readCounter(text), undefined, text)
  }
})
