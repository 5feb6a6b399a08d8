import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IdentityError, type IdentityProblem } from '../../../src/identity/identity-error.ts'
import { PHRASE_MAX_CHARACTERS, phraseFromSeed, seedFromPhrase } from '../../../src/identity/recovery-phrase.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'

const phrase = phraseFromSeed(new Uint8Array(32).fill(0x7f))

function refusal(text: string): IdentityError {
  try {
    seedFromPhrase(text)
  } catch (error) {
    assert.ok(error instanceof IdentityError)
    return error
  }
  return assert.fail('the phrase was accepted')
}

describe('a recovery phrase', () => {
  for (const vector of loadVectors<{ seed: string; phrase: string }>('bip39-english-24.json')) {
    test(`agrees with the vector of BIP-39 that begins with ${vector.seed.slice(0, 8)}`, () => {
      assert.equal(phraseFromSeed(fromHex(vector.seed)), vector.phrase)
      assert.equal(toHex(seedFromPhrase(vector.phrase)), vector.seed)
    })
  }

  test('gives back any seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        assert.deepEqual(seedFromPhrase(phraseFromSeed(seed)), seed)
      }),
    )
  })

  test('is read in any case and with any white space', () => {
    const typed = `\n  ${phrase.toUpperCase().replaceAll(' ', ' \t\n\u00a0 ')}  `
    assert.equal(toHex(seedFromPhrase(typed)), '7f'.repeat(32))
  })

  for (const [title, text, reason, message] of [
    [
      'with a mistyped word, naming the nearest',
      phrase.replace('winner', 'winer'),
      'unknown-word',
      /^word 2, "winer", .* winner/,
    ],
    [
      'with a word far from any',
      phrase.replace('winner', 'qqqqqqqqqq'),
      'unknown-word',
      /^word 2, "qqqqqqqqqq", is not in the list$/,
    ],
    [
      'with something that is no word, without repeating it',
      phrase.replace('winner', '\u001b[31m'),
      'unknown-word',
      /^word 2 is not a word of the list$/,
    ],
    ['with a changed word', phrase.replace('winner', 'wine'), 'checksum', /24 words/],
    [
      'with two words in each other’s place',
      phrase.replace('legal winner', 'winner legal'),
      'checksum',
      /changed places/,
    ],
    ['of 23 words', phrase.split(' ').slice(1).join(' '), 'word-count', /24 words, this has 23/],
    ['of 25 words', `${phrase} zoo`, 'word-count', /this has 25/],
    ['of 12 words that are one of BIP-39', `${'abandon '.repeat(11)}about`, 'word-count', /this has 12/],
    ['without words', ' \n', 'word-count', /this has 0/],
    ['much too long', 'a '.repeat(PHRASE_MAX_CHARACTERS), 'too-long', /longer/],
  ] as const satisfies readonly (readonly [string, string, IdentityProblem, RegExp])[]) {
    test(`is refused ${title}`, () => {
      const error = refusal(text)
      assert.equal(error.reason, reason)
      assert.match(error.message, message)
    })
  }

  test('never appears in the message of an error about its checksum', () => {
    const { message, cause } = refusal(phrase.replace('winner', 'wine'))
    assert.doesNotMatch(message, /legal|wine|thank/)
    assert.equal(cause, undefined)
  })

  test('is made of 32 bytes only', () => {
    assert.throws(() => phraseFromSeed(new Uint8Array(16)), AssertionError)
  })
})
