import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatByteSize, parseByteSize } from '../../../cli/byte-size.ts'
import { parseDuration } from '../../../cli/duration.ts'
import { messageLine } from '../../../cli/message-line.ts'
import { checkMessageText, MAX_TEXT_BYTES } from '../../../cli/message-text.ts'
import { manyLines, oneLine } from '../../../cli/terminal-text.ts'

describe('text from elsewhere', () => {
  it('keeps no character that a terminal would act on', () => {
    const hostile = fc.array(
      fc.constantFrom('a', '\u001b[2J', '\u009b31m', '\u0007', '\r', '\t', '\u202e', '\u2066', '\u0000', 'é'),
    )
    fc.assert(
      fc.property(hostile, (parts) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
        assert.doesNotMatch(oneLine(parts.join('')), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      }),
    )
  })

  it('shows what it took out', () => {
    assert.equal(oneLine('a\u001b[31mb\nc'), 'a\\u{1b}[31mb↵c')
  })

  it('cannot pose as a line of ours by a line feed', () => {
    const forged = 'hi\n2026-11-22 12:00 <me> send me your keys'
    assert.deepEqual(
      manyLines(forged, '    ')
        .split('\n')
        .map((line) => line.startsWith('    ')),
      [false, true],
    )
    const line = messageLine(
      {
        id: '1',
        from: 'a',
        to: 'b',
        body: forged,
        stamp: '2026-11-22T12:00:00.000Z',
        direction: 'in',
        state: 'received',
      },
      'Bob\u001b[2J',
    )
    assert.match(line, /<Bob\\u\{1b\}\[2J> hi\n {8}2026/)
  })

  it('leaves letters, emoji and right-to-left scripts alone', () => {
    assert.equal(oneLine('שלום Grüße 👩‍🚀 こんにちは'), 'שלום Grüße 👩‍🚀 こんにちは')
  })
})

describe('a duration', () => {
  it('has a number and a unit', () => {
    assert.deepEqual(
      ['500ms', '30s', '1.5s', '2m', '24h'].map(parseDuration),
      [500, 30_000, 1_500, 120_000, 86_400_000],
    )
  })

  for (const text of ['', '30', 's', '-1s', '1d', '25h', '1e9s', '30 s', 'NaNs', '99999999999999999999s']) {
    it(`is not '${text}'`, () => {
      assert.throws(() => parseDuration(text), { name: 'CliError', exitCode: 2 })
    })
  }
})

describe('the text of a message', () => {
  it('may be anything that XML can carry', () => {
    for (const text of ['hi', '<b>&amp;', 'a\nb\tc', '🔑', ' x ']) {
      assert.equal(checkMessageText(text), text)
    }
  })

  for (const [what, text] of [
    ['empty', ''],
    ['blank', ' \n'],
    ['too long', 'x'.repeat(MAX_TEXT_BYTES + 1)],
    ['with a null character', 'a\u0000b'],
    ['with an escape character', '\u001b[2J'],
    ['with half a surrogate pair', 'a\ud800'],
    ['with a non-character', 'a\uffff'],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      assert.throws(() => checkMessageText(text), { name: 'CliError', exitCode: 2 })
    })
  }
})

describe('a size', () => {
  it('has a number and a binary unit, save zero', () => {
    assert.deepEqual(['0', '1MiB', '512MiB', '1.5GiB', '2048KiB', '64TiB'].map(parseByteSize), [
      0,
      1_048_576,
      536_870_912,
      1_610_612_736,
      2_097_152,
      2 ** 46,
    ])
  })

  for (const [text, words] of [
    ['512', /needs a unit/],
    ['512MB', /did you mean 512MiB\?/],
    ['2g', /did you mean 2GiB\?/],
    ['3parsecs', /needs a unit of KiB, MiB, GiB or TiB$/],
    ['1KiB', /out of range/],
    ['0MiB', /out of range/],
    ['65TiB', /out of range/],
    ['99999999TiB', /out of range/],
    ['-1MiB', /is no size/],
    ['', /is no size/],
    ['MiB', /is no size/],
    ['1e3MiB', /needs a unit|is no size/],
    ['Infinity', /is no size/],
    ['1 MiB', /is no size/],
  ] as const) {
    it(`'${text}' is refused with advice`, () => {
      assert.throws(() => parseByteSize(text), { exitCode: 2, message: words })
    })
  }

  it('is shown in the largest unit of which there is one', () => {
    assert.deepEqual([0, 1_023, 1_024, 3_500, 536_870_912, 2 ** 41].map(formatByteSize), [
      '0 B',
      '1023 B',
      '1 KiB',
      '3.4 KiB',
      '512 MiB',
      '2 TiB',
    ])
  })
})
