import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { distance } from 'fastest-levenshtein'
import { assert } from '../util/assert.ts'
import { SEED_BYTES } from './ed25519.ts'
import { IdentityError } from './identity-error.ts'

/** Words of a recovery phrase: 256 bits of seed and 8 of checksum, 11 bits a word (BIP-39). */
const PHRASE_WORDS = 24
/** Characters read from what was typed; the longest phrase of 24 words has 215. */
export const PHRASE_MAX_CHARACTERS = 1024
/** Words offered in place of one that is not in the list. */
const SUGGESTIONS_MAX = 3
/** Edits between a typed word and one offered for it; with more, nearly any word would do. */
const SUGGESTION_MAX_EDITS = 2

const words: ReadonlySet<string> = new Set(wordlist)

/** The 24 English BIP-39 words of an account's 32-byte seed; whoever has them has the account. */
export function phraseFromSeed(seed: Uint8Array): string {
  assert(seed.length === SEED_BYTES, `a seed has ${SEED_BYTES} bytes`)
  return entropyToMnemonic(seed, wordlist)
}

/**
 * The 32-byte seed of a recovery phrase as a person types it: any case, any white space. (The seed is the entropy itself,
 * not BIP-39's stretched one, so that the phrase can be shown again.)
 *
 * @throws IdentityError: `too-long`, `word-count`, `unknown-word` (names the word and the nearest ones), `checksum`
 */
export function seedFromPhrase(text: string): Uint8Array {
  if (text.length > PHRASE_MAX_CHARACTERS) {
    throw new IdentityError('too-long', 'this is much longer than a recovery phrase')
  }
  const typed = text.normalize('NFKD').toLowerCase().split(/\s+/u).filter(Boolean)
  for (const [index, word] of typed.entries()) {
    if (!words.has(word)) {
      throw new IdentityError('unknown-word', describeUnknownWord(index, word))
    }
  }
  if (typed.length !== PHRASE_WORDS) {
    throw new IdentityError('word-count', `a recovery phrase has ${PHRASE_WORDS} words, this has ${typed.length}`)
  }
  try {
    return new Uint8Array(mnemonicToEntropy(typed.join(' '), wordlist))
  } catch {
    // The library's message and cause are left out: they might quote the phrase, and messages end in logs.
    throw new IdentityError(
      'checksum',
      'all 24 words are in the list, but together they are no recovery phrase: one of them is wrong, or two changed places',
    )
  }
}

function describeUnknownWord(index: number, word: string): string {
  const place = `word ${index + 1}`
  if (!/^[a-z]{1,16}$/.test(word)) {
    return `${place} is not a word of the list`
  }
  const near = nearestWords(word)
  const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : ''
  return `${place}, "${word}", is not in the list${hint}`
}

/** The words of the list with the fewest edits, nearest first. */
function nearestWords(word: string): string[] {
  return wordlist
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ edits }) => edits <= SUGGESTION_MAX_EDITS)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, SUGGESTIONS_MAX)
    .map(({ candidate }) => candidate)
}
