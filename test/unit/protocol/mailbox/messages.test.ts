import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MailboxViolation } from '../../../../src/protocol/mailbox/errors.ts'
import {
  type Answer,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  RECORD_REFUSALS,
  type Request,
} from '../../../../src/protocol/mailbox/messages.ts'

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
    ['a request of a later version', '08012200'],
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
