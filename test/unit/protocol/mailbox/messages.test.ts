import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { concat } from 'uint8arrays/concat'
import { MailboxViolation } from '../../../../src/protocol/mailbox/errors.ts'
import { ACKNOWLEDGED_BATCH } from '../../../../src/protocol/mailbox/letter-limits.ts'
import {
  type Answer,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  RECORD_REFUSALS,
  type Request,
} from '../../../../src/protocol/mailbox/messages.ts'
import { tombstonesOf } from '../../../../src/protocol/mailbox/tombstones.ts'
import { toHex } from '../../../../src/util/bytes.ts'
import { corpusAnswers, corpusMailbox, corpusRequests } from '../../../support/mailbox-corpus.ts'

/** Without members that are undefined. */
const defined = (message: object): unknown =>
  JSON.parse(JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)))
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true })
const id = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })

describe('messages of the mailbox protocol', () => {
  it('read back what was written', () => {
    const request: fc.Arbitrary<Request> = fc.oneof(
      plain({ id, putRecord: plain({ record: bytes(0, 300) }) }),
      plain({ id, getRecord: plain({ publicKey: bytes(32, 32) }) }),
    )
    fc.assert(fc.property(request, (message) => assert.deepEqual(decodeRequest(encodeRequest(message)), message)))
    const answer: fc.Arbitrary<Answer> = fc.oneof(
      plain({ id, refused: plain({ reason: fc.constantFrom(...RECORD_REFUSALS) }) }),
      plain({ id, found: plain({ record: bytes(0, 300) }) }),
      plain({ id, stored: fc.constant({}) }),
      plain({ id, notFound: fc.constant({}) }),
    )
    fc.assert(fc.property(answer, (message) => assert.deepEqual(decodeAnswer(encodeAnswer(message)), message)))
  })

  it('of every verb read back what was written, and fit a frame at their largest', () => {
    for (const verb of corpusRequests) {
      const encoded = encodeRequest({ ...verb, id: 7 })
      assert.deepEqual(encodeRequest(decodeRequest(encoded)), encoded)
      assert.deepEqual(defined(decodeRequest(encoded)), defined({ ...verb, id: 7 }))
    }
    for (const outcome of corpusAnswers) {
      const encoded = encodeAnswer({ ...outcome, id: 7 })
      assert.deepEqual(encodeAnswer(decodeAnswer(encoded)), encoded)
      assert.deepEqual(defined(decodeAnswer(encoded)), defined({ ...outcome, id: 7 }))
    }
    const verbs = new Set(corpusRequests.flatMap(Object.keys))
    const outcomes = new Set(corpusAnswers.flatMap(Object.keys))
    assert.deepEqual([verbs.size, outcomes.size], [12, 14])
  })

  it('cut off anywhere are refused or, between two fields, another message', () => {
    for (const verb of corpusRequests) {
      const encoded = encodeRequest({ ...verb, id: 7 })
      for (let length = 0; length < encoded.length; length++) {
        assert.throws(() => decodeRequest(encoded.subarray(0, length)), { reason: 'malformed' })
      }
    }
  })

  it('with more ids or tombstones than allowed are refused before they are looked at', () => {
    const tombstones = tombstonesOf(
      corpusMailbox,
      Array.from({ length: ACKNOWLEDGED_BATCH + 1 }, (_, i) => new Uint8Array(32).fill(i)),
    )
    const { publicKey: mailboxKey } = corpusMailbox
    assert.throws(() => encodeRequest({ id: 1, acknowledge: { mailboxKey, tombstones } }), /at most 64/)
    const one = encodeRequest({ id: 1, acknowledge: { mailboxKey, tombstones: tombstones.slice(0, 1) } })
    // id (2 bytes), tag and length of the verb (3), key (34), then the tombstone.
    const tombstone = one.subarray(39)
    const content = concat([one.subarray(5, 39), ...Array.from({ length: 900 }, () => tombstone)])
    const length = [(content.length & 127) | 128, ((content.length >> 7) & 127) | 128, content.length >> 14]
    assert.throws(() => decodeRequest(concat([one.subarray(0, 3), Uint8Array.from(length), content])), {
      message: /more than 64/,
    })
  })

  it('are refused as malformed, and nothing else is thrown, whatever the bytes', () => {
    fc.assert(
      fc.property(bytes(0, 60), (frame) => {
        for (const decode of [decodeRequest, decodeAnswer]) {
          try {
            decode(frame)
          } catch (error) {
            assert.ok(error instanceof MailboxViolation && error.reason === 'malformed')
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  const malformed: [string, string][] = [
    ['nothing', ''],
    ['an id alone', '0801'],
    ['a request of a later version', '0801f20600'],
    ['two verbs at once', `080112020a001a220a20${'07'.repeat(32)}`],
    ['a key of 31 bytes', `08011a210a1f${'07'.repeat(31)}`],
    ['an id of 33 bits', '0880808080101200'],
    ['a group', '08011b1c'],
  ]
  for (const [what, hex] of malformed) {
    it(`refuse ${what}`, () => {
      assert.throws(() => decodeRequest(Uint8Array.from(Buffer.from(hex, 'hex'))), { reason: 'malformed' })
    })
  }

  it('refuse a frame with a million empty entries at once', () => {
    const frame = new Uint8Array(96 * 1024)
    for (let i = 0; i + 1 < frame.length; i += 2) {
      frame[i] = 0x12
    }
    assert.throws(() => decodeRequest(frame), { reason: 'malformed' })
    for (let i = 0; i + 1 < frame.length; i += 2) {
      frame[i] = 0x7a
    }
    assert.throws(() => decodeRequest(frame), { reason: 'malformed' })
  })
})
