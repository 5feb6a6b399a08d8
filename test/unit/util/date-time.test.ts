import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stampFromText, stampToText } from '../../../src/util/date-time.ts'

const FIRST = Date.parse('0001-01-01T00:00:00.000Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

test('every moment of the years 1 to 9999 is written as Date writes it, and read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: FIRST, max: LAST }), (wallMs) => {
      const text = stampToText(wallMs)
      assert.equal(text, new Date(wallMs).toISOString())
      assert.equal(stampFromText(text), wallMs)
    }),
    { numRuns: 5_000 },
  )
})

test('the days around leap days and turns of centuries are right', () => {
  for (const year of [1, 4, 100, 400, 1600, 1899, 1900, 1969, 1970, 2000, 2024, 2100, 9996, 9999]) {
    for (const dayOfYear of [0, 30, 31, 57, 58, 59, 60, 364]) {
      const wallMs = Date.parse(`${String(year).padStart(4, '0')}-01-01T00:00:00Z`) + dayOfYear * 86_400_000
      for (const around of [Math.max(wallMs - 1, FIRST), wallMs, wallMs + 1]) {
        assert.equal(stampToText(around), new Date(around).toISOString())
        assert.equal(stampFromText(new Date(around).toISOString()), around)
      }
    }
  }
})

for (const [text, utc] of [
  ['2002-09-10T23:08:25Z', '2002-09-10T23:08:25.000Z'],
  ['1969-07-20T21:56:15-05:00', '1969-07-21T02:56:15.000Z'],
  ['1969-07-21T02:56:15+14:00', '1969-07-20T12:56:15.000Z'],
  ['2024-02-29T00:00:00.1Z', '2024-02-29T00:00:00.100Z'],
  ['2024-02-29T00:00:00.999999999Z', '2024-02-29T00:00:00.999Z'],
] as const) {
  test(`${text} is ${utc}`, () => {
    assert.equal(stampFromText(text), Date.parse(utc))
  })
}

for (const text of [
  '',
  'now',
  '1000000000000000',
  '-1000000000000000',
  '33658-09-27T01:46:40Z',
  '-0001-01-01T00:00:00Z',
  '0000-12-31T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '2023-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-00-01T00:00:00Z',
  '2024-04-31T00:00:00Z',
  '2024-01-00T00:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-01-01T23:60:00Z',
  '2024-01-01T23:59:60Z',
  '2024-01-01T00:00:00',
  '2024-01-01 00:00:00Z',
  '2024-01-01T00:00:00.Z',
  '2024-01-01T00:00:00+15:00',
  '2024-01-01T00:00:00Z ',
  '20020910T23:08:25',
  '٢٠٢٤-01-01T00:00:00Z',
  `2024-01-01T00:00:00.${'0'.repeat(100_000)}Z`,
]) {
  test(`"${text.slice(0, 40)}" is no moment (X17)`, () => {
    assert.equal(stampFromText(text), undefined)
  })
}

test('a wall time that XEP-0082 cannot write is a programming error', () => {
  for (const wallMs of [1e15, -1e15, Number.NaN, Number.POSITIVE_INFINITY, 0.5, LAST + 1, FIRST - 1]) {
    assert.throws(() => stampToText(wallMs), { name: 'AssertionError' })
  }
})
