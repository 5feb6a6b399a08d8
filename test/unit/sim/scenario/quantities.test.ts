import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { classSizes } from '../../../../sim/scenario/class-sizes.ts'
import { parseQuantity, quantityPattern } from '../../../../sim/scenario/parse-quantity.ts'
import { BANDWIDTH, DURATION, FREQUENCY, SHARE, SIZE } from '../../../../sim/scenario/units.ts'

describe('a number with its unit', () => {
  it('is read in the unit of the program', () => {
    assert.equal(parseQuantity('90 s', DURATION), 90_000)
    assert.equal(parseQuantity('3.66 h', DURATION), 13_176_000)
    assert.equal(parseQuantity('14d', DURATION), 1_209_600_000)
    assert.equal(parseQuantity('64 KiB', SIZE), 65_536)
    assert.equal(parseQuantity('20 Mbit/s', BANDWIDTH), 2_500_000)
    assert.equal(parseQuantity('79 %', SHARE), 0.79)
    assert.equal(parseQuantity('2 per hour', FREQUENCY), 2)
    assert.equal(parseQuantity('1 per day', FREQUENCY), 0.0416666666667)
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      's',
      '1e3 s',
      '0x10 s',
      '01 s',
      '1.s',
      '.5 s',
      '1  s',
      ' 1 s',
      '1 s ',
      '1 S',
      '1',
      'NaN s',
      '1 constructor',
    ]) {
      assert.equal(typeof parseQuantity(text, DURATION), 'object', text)
    }
  })

  it('is taken by the pattern of the schema when it is read, and only then', () => {
    const near = fc.stringMatching(/^-?[0-9]{0,3}\.?[0-9]{0,3} {0,2}(ms|s|min|h|d|KiB|%|per hour)?$/)
    for (const quantity of [DURATION, SIZE, SHARE, FREQUENCY, BANDWIDTH]) {
      const pattern = new RegExp(quantityPattern(quantity), 'u')
      fc.assert(
        fc.property(near, (text) => {
          const value = parseQuantity(text, quantity)
          assert.equal(pattern.test(text), typeof value === 'number' && !text.startsWith('-'), text)
        }),
      )
    }
  })
})

describe('the sizes of classes', () => {
  it('add up to the nodes and are within one of their shares', () => {
    const weights = fc
      .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 10 })
      .filter((all) => all.some((weight) => weight > 0))
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 100_000 }), (all, nodes) => {
        const sum = all.reduce((total, weight) => total + weight, 0)
        const classes = all.map((weight) => ({ share: weight / sum }))
        const sizes = classSizes(classes, nodes)
        assert.equal(
          sizes.reduce((total, size) => total + size, 0),
          nodes,
        )
        sizes.forEach((size, i) => {
          assert(Math.abs(size - (classes[i]?.share ?? 0) * nodes) < 1 + 1e-6)
        })
      }),
    )
    assert.deepEqual(classSizes([{ share: 0.3 }, { share: 0.7 }], 10), [3, 7])
  })
})
