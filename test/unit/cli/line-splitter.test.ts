import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineSplitter, LineTooLongError } from '../../../cli/line-splitter.ts'

const encoder = new TextEncoder()

function split(splitter: LineSplitter, chunks: readonly Uint8Array[]): string[] {
  return chunks.flatMap((chunk) => [...splitter.push(chunk)])
}

describe('the line splitter', () => {
  it('gives the same lines however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat({ max: 50 })), (texts, cuts) => {
        const lines = texts.map((text) => text.replaceAll('\n', ''))
        const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(''))
        const chunks: Uint8Array[] = []
        let rest = bytes
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut))
          rest = rest.subarray(cut)
        }
        assert.deepEqual(split(new LineSplitter(10_000), [...chunks, rest]), lines)
      }),
    )
  })

  it('refuses a line above its bound, also one that never ends', () => {
    assert.deepEqual(split(new LineSplitter(3), [encoder.encode('abc\n')]), ['abc'])
    assert.throws(() => split(new LineSplitter(3), [encoder.encode('abcd\n')]), LineTooLongError)
    assert.throws(() => split(new LineSplitter(3), [encoder.encode('ab'), encoder.encode('cd')]), LineTooLongError)
  })

  it('refuses what is not UTF-8', () => {
    assert.throws(() => split(new LineSplitter(9), [Uint8Array.of(0xff, 0x0a)]), TypeError)
  })

  it('gives the last line without a line feed at the end', () => {
    const splitter = new LineSplitter(9)
    assert.deepEqual(split(splitter, [encoder.encode('a\nb')]), ['a'])
    assert.equal(splitter.end(), 'b')
    assert.equal(splitter.end(), undefined)
  })
})
