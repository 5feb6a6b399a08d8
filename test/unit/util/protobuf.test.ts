import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AssertionError } from '../../../src/util/assert.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { field, type MessageOf, NESTING_DEPTH_MAX, protobufMessage } from '../../../src/util/protobuf.ts'
import { UNKNOWN_FIELDS_MAX } from '../../../src/util/protobuf-reader.ts'
import { ProtocolViolation } from '../../../src/util/protocol-violation.ts'

const inner = protobufMessage({
  a: field.uint64(1),
  list: field.repeated(field.bytes(2, { maxBytes: 4 }), { maxItems: 3 }),
})

// Numbers out of order on purpose: the encoding follows the numbers.
const sample = protobufMessage({
  nested: field.message(3, inner),
  text: field.string(2, { maxBytes: 16 }),
  number: field.uint64(1),
  small: field.uint32(4),
  flag: field.bool(5),
  word: field.enumeration(6, ['none', 'to', 'from', 'both']),
  bytes: field.bytes(7, { maxBytes: 200 }),
  texts: field.repeated(field.string(8, { maxBytes: 8 }), { maxItems: 3 }),
  inners: field.repeated(field.message(9, inner), { maxItems: 2 }),
  maybe: field.optional(field.uint32(16)),
})
type Sample = MessageOf<typeof sample>

const empty: Sample = {
  text: '',
  number: 0,
  small: 0,
  flag: false,
  word: 'none',
  bytes: new Uint8Array(0),
  texts: [],
  inners: [],
}

const required = protobufMessage({
  key: field.bytes(1, { minBytes: 2, maxBytes: 2 }),
  name: field.string(2, { minBytes: 1, maxBytes: 4 }),
})
const request = protobufMessage(
  { id: field.uint64(1), put: field.message(2, inner), get: field.message(3, inner) },
  { exactlyOne: ['put', 'get'] },
)

/** Bytes as the specification of the encoding, or protoc, gives them for these values. */
const vectors: readonly (readonly [title: string, value: Partial<Sample>, hex: string])[] = [
  ['nothing but defaults', {}, ''],
  ['150, the example of the encoding guide', { number: 150 }, '089601'],
  ['"testing", the example of the encoding guide', { text: 'testing' }, '120774657374696e67'],
  ['a nested message, the example of the encoding guide', { nested: { a: 150, list: [] } }, '1a03089601'],
  ['an empty nested message', { nested: { a: 0, list: [] } }, '1a00'],
  ['the largest safe integer', { number: Number.MAX_SAFE_INTEGER }, '08ffffffffffffff0f'],
  ['2^32', { number: 2 ** 32 }, '088080808010'],
  ['the largest uint32', { small: 2 ** 32 - 1 }, '20ffffffff0f'],
  ['true', { flag: true }, '2801'],
  ['an enum by its number', { word: 'both' }, '3003'],
  ['bytes longer than one byte of length', { bytes: new Uint8Array(200) }, `3ac801${'00'.repeat(200)}`],
  ['a list with an empty text in it', { texts: ['', 'ü'] }, '42004202c3bc'],
  [
    'a list of messages',
    {
      inners: [
        { a: 1, list: [] },
        { a: 0, list: [Uint8Array.of(9)] },
      ],
    },
    '4a0208014a03120109',
  ],
  ['an optional default, sent', { maybe: 0 }, '800100'],
  ['the order of the field numbers', { text: 'a', number: 1, maybe: 1 }, '0801120161800101'],
]

describe('encoding', () => {
  for (const [title, value, hex] of vectors) {
    test(`writes and reads ${title}`, () => {
      assert.equal(toHex(sample.encode({ ...empty, ...value })), hex)
      assert.deepEqual(sample.decode(fromHex(hex), { canonical: true }), { ...empty, ...value })
    })
  }

  test('treats a value outside its bounds as a programmer’s error', () => {
    for (const wrong of [
      { text: 'x'.repeat(17) },
      { text: '\ud800' },
      { number: -1 },
      { number: 1.5 },
      { number: 2 ** 53 },
      { small: 2 ** 32 },
      { word: 'else' as 'none' },
      { bytes: new Uint8Array(201) },
      { texts: ['', '', '', ''] },
      { text: undefined as unknown as string },
      { texts: undefined as unknown as string[] },
    ]) {
      assert.throws(() => sample.encode({ ...empty, ...wrong }), AssertionError, JSON.stringify(wrong))
    }
    assert.throws(() => required.encode({ key: new Uint8Array(0), name: 'x' }), AssertionError)
    assert.throws(() => required.encode({ key: new Uint8Array(2), name: '' }), AssertionError)
    assert.throws(() => request.encode({ id: 1 }), AssertionError)
    assert.throws(() => request.encode({ id: 1, put: { a: 1, list: [] }, get: { a: 1, list: [] } }), AssertionError)
  })

  test('leaves out a nested message that is undefined', () => {
    const value = { ...empty, nested: undefined } as unknown as Sample
    assert.equal(sample.encode(value).length, 0)
  })
})

describe('a definition', () => {
  test('is refused with a number used twice, a wrong number, a list of numbers, or nesting without end', () => {
    assert.throws(() => protobufMessage({ a: field.uint64(1), b: field.uint32(1) }), AssertionError)
    assert.throws(() => field.uint64(0), AssertionError)
    assert.throws(() => field.uint64(2 ** 29), AssertionError)
    assert.throws(() => field.repeated(field.uint64(1), { maxItems: 1 }), AssertionError)
    let deep: { depth: number; readFields: typeof inner.readFields; writeFields: typeof inner.writeFields } = inner
    for (let depth = 2; depth <= NESTING_DEPTH_MAX; depth++) {
      deep = protobufMessage({ deeper: field.message(1, deep) }) as unknown as typeof deep
    }
    assert.throws(() => protobufMessage({ deeper: field.message(1, deep) }), AssertionError)
  })

  test('reaches up to the largest field number', () => {
    const message = protobufMessage({ a: field.bool(2 ** 29 - 1) })
    assert.equal(toHex(message.encode({ a: true })), 'f8ffffff0f01')
    assert.deepEqual(message.decode(fromHex('f8ffffff0f01')), { a: true })
  })
})

/** Bytes that no decoding accepts. */
const malformed: readonly (readonly [title: string, hex: string])[] = [
  ['a tag without value', '08'],
  ['a varint that is cut off', '08ff'],
  ['a varint of eleven bytes', '08ffffffffffffffffffff01'],
  ['2^53', '088080808080808010'],
  ['2^64 - 1', '08ffffffffffffffffff01'],
  ['a uint32 of 2^32', '208080808010'],
  ['field number 0', '0001'],
  ['a tag of more than 32 bits', '888080808001'],
  ['a length beyond the end', '120561'],
  ['a length of 2^32 - 1', '12ffffffff0f'],
  ['a length of 2^53 - 1', '12ffffffffffffff0f61'],
  ['a length of 2^64 - 1', '12ffffffffffffffffff0161'],
  ['text above its limit', `1211${'61'.repeat(17)}`],
  ['bytes above their limit', `3ac901${'00'.repeat(201)}`],
  ['text that is not UTF-8', '1201ff'],
  ['overlong UTF-8', '1202c080'],
  ['a UTF-8 surrogate', '1203eda080'],
  ['UTF-8 cut off', '1201c3'],
  ['a number as bytes', '0a0161'],
  ['text as a number', '1001'],
  ['a number as fixed64', '090000000000000000'],
  ['a bool of 2', '2802'],
  ['an enum number not in the list', '3004'],
  ['a field twice', '08010801'],
  ['a nested message twice', '1a001a00'],
  ['more items than allowed', '42004200 42004200'.replace(' ', '')],
  ['a nested message that ends in the middle of a field', '1a0208'],
  ['a nested field that reaches beyond its message', '1a021204aabbccdd'],
  ['an item above its limit in a nested message', '1a0712050102030405'],
  ['a group', '0b0c'],
  ['the end of a group', '0c'],
  ['an unknown group', 'a306a406'],
  ['wire type 6', 'a606'],
  ['an unknown varint that is cut off', 'a006ff'],
  ['an unknown varint of eleven bytes', `a006${'ff'.repeat(10)}01`],
  ['an unknown fixed64 that is cut off', 'a10600000000000000'],
  ['an unknown fixed32 that is cut off', 'a506000000'],
  ['unknown bytes beyond the end', 'a20602aa'],
  ['too many unknown fields', 'a00601'.repeat(UNKNOWN_FIELDS_MAX + 1)],
]

const isMalformed = (error: unknown): boolean => error instanceof ProtocolViolation && error.reason === 'malformed'

describe('decoding', () => {
  for (const [title, hex] of malformed) {
    test(`refuses ${title}`, () => {
      assert.throws(() => sample.decode(fromHex(hex)), isMalformed)
    })
  }

  test('refuses a message without a field that must be there, or with too short a one', () => {
    assert.deepEqual(required.decode(fromHex('0a020102120161')), { key: Uint8Array.of(1, 2), name: 'a' })
    for (const hex of ['', '0a020102', '120161', '0a0101120161', '0a0201021200']) {
      assert.throws(() => required.decode(fromHex(hex)), isMalformed, hex)
    }
  })

  test('wants exactly one of the choices', () => {
    assert.deepEqual(request.decode(fromHex('08071200')), { id: 7, put: { a: 0, list: [] } })
    assert.deepEqual(request.decode(fromHex('08071a00')), { id: 7, get: { a: 0, list: [] } })
    assert.throws(() => request.decode(fromHex('0807')), isMalformed)
    assert.throws(() => request.decode(fromHex('080712001a00')), isMalformed)
  })

  test('skips unknown fields of every wire type, also in nested messages', () => {
    const unknown = ['a006ffffffffffffffffff01', 'a1060102030405060708', 'a20603aabbcc', 'a50601020304'].join('')
    const known = '0801'
    const nested = `1a${toHex(Uint8Array.of(2 + unknown.length / 2))}0801${unknown}`
    assert.deepEqual(sample.decode(fromHex(known + nested + unknown), { canonical: true }), {
      ...empty,
      number: 1,
      nested: { a: 1, list: [] },
    })
    assert.deepEqual(sample.decode(fromHex('a00601'.repeat(UNKNOWN_FIELDS_MAX))), empty)
  })

  test('accepts by default, and refuses as not canonical, what other encoders may write', () => {
    for (const [title, hex, value] of [
      ['another order', '120161080 1'.replace(' ', ''), { text: 'a', number: 1 }],
      ['a default that is sent', '0800', {}],
      ['an empty text that is sent', '1200', {}],
      ['a varint longer than needed', '08810000'.slice(0, 6), { number: 1 }],
      ['a length longer than needed', '12810061', { text: 'a' }],
      ['a list that is interrupted', '420161' + '4a00' + '420162', { texts: ['a', 'b'], inners: [{ a: 0, list: [] }] }],
      ['a default in a nested message', '1a020800', { nested: { a: 0, list: [] } }],
    ] as const) {
      assert.deepEqual(sample.decode(fromHex(hex)), { ...empty, ...value }, title)
      assert.throws(() => sample.decode(fromHex(hex), { canonical: true }), isMalformed, title)
    }
  })

  test('gives bytes of their own that do not change with the frame', () => {
    const frame = Buffer.from('3a020102', 'hex')
    const { bytes } = sample.decode(frame)
    frame.fill(0xff)
    assert.deepEqual(bytes, Uint8Array.of(1, 2))
    assert.equal(bytes.constructor, Uint8Array)
  })

  test('keeps a byte order mark', () => {
    assert.deepEqual(sample.decode(sample.encode({ ...empty, text: '\ufeffa' })).text, '\ufeffa')
  })
})

const safeInteger = fc.oneof(fc.nat(), fc.maxSafeNat())
const innerValue = fc.record(
  { a: safeInteger, list: fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 3 }) },
  { noNullPrototype: true },
)
const text = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: maxBytes }).filter((t) => t.isWellFormed() && Buffer.byteLength(t) <= maxBytes)
const sampleValue: fc.Arbitrary<Sample> = fc.record(
  {
    text: text(16),
    number: safeInteger,
    small: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    flag: fc.boolean(),
    word: fc.constantFrom('none' as const, 'to' as const, 'from' as const, 'both' as const),
    bytes: fc.uint8Array({ maxLength: 200 }),
    texts: fc.array(text(8), { maxLength: 3 }),
    inners: fc.array(innerValue, { maxLength: 2 }),
    nested: innerValue,
    maybe: fc.nat(),
  },
  { requiredKeys: ['text', 'number', 'small', 'flag', 'word', 'bytes', 'texts', 'inners'], noNullPrototype: true },
) as fc.Arbitrary<Sample>

describe('for any value', () => {
  test('decoding undoes encoding, and the encoding is canonical', () => {
    fc.assert(
      fc.property(sampleValue, (value) => {
        assert.deepEqual(sample.decode(sample.encode(value), { canonical: true }), value)
      }),
      { numRuns: 500 },
    )
  })

  test('mutated frames throw nothing but ProtocolViolation, and canonical ones encode to themselves', () => {
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(3) })
    fc.assert(
      fc.property(sampleValue, fc.array(mutation, { minLength: 1, maxLength: 3 }), (value, mutations) => {
        const frame = mutations.reduce(mutate, sample.encode(value))
        for (const canonical of [false, true]) {
          try {
            const decoded = sample.decode(frame, { canonical })
            // Shorter only by unknown fields, which are not written again.
            assert.ok(!canonical || sample.encode(decoded).length <= frame.length)
          } catch (error) {
            assert.ok(isMalformed(error), String(error))
          }
        }
      }),
      { numRuns: 10_000 },
    )
  })

  test('random bytes throw nothing but ProtocolViolation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (frame) => {
        try {
          sample.decode(frame)
        } catch (error) {
          assert.ok(isMalformed(error), String(error))
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

/** Changes, inserts, removes a byte or cuts the end off. */
function mutate(frame: Uint8Array, mutation: { at: number; byte: number; kind: number }): Uint8Array {
  const at = frame.length === 0 ? 0 : mutation.at % frame.length
  const before = frame.subarray(0, at)
  const middle = [[mutation.byte], [mutation.byte, ...frame.subarray(at, at + 1)], [], []][mutation.kind] ?? []
  return Uint8Array.from([...before, ...middle, ...(mutation.kind === 3 ? [] : frame.subarray(at + 1))])
}
