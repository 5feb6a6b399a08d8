import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvOf } from '../../../../sim/output/csv.ts'

test('a table has a heading, a line a row, and \\n at every end', () => {
  assert.equal(
    csvOf(
      ['a', 'b'],
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
    ),
    'a,b\n1,x\n2,y\n',
  )
})

test('what was not measured is empty; numbers have nine digits and one way to be written', () => {
  const cases: [number | string | boolean | null, string][] = [
    [null, ''],
    [Number.NaN, ''],
    [0, '0'],
    [-0, '0'],
    [1 / 3, '0.333333333'],
    [0.1 + 0.2, '0.3'],
    [1e9, '1000000000'],
    [1234567890123, '1234567890123'],
    [123456.123456789, '123456.123'],
    [1e-9, '1e-9'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [true, 'true'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
  ]
  for (const [value, written] of cases) {
    assert.equal(csvOf(['v'], [{ v: value }]), `v\n${written}\n`)
  }
})

test('any text comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'é', ' ') }), (text) => {
      const [, field] = /^v\n([\s\S]*)\n$/.exec(csvOf(['v'], [{ v: text }])) ?? []
      const read = field?.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
      assert.equal(read, text)
    }),
  )
})
