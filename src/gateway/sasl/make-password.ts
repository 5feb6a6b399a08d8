import type { Random } from '../../system/random.ts'

/** 26 letters of 5 bits: 130 bits. */
const LENGTH = 26
/** Letters that look alike in no font (Crockford's base 32, lower case). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** Sizes of the groups; 26 letters in all. */
const GROUPS = [6, 7, 6, 7] as const

/** A random password that is easy to type: 130 bits in four groups. */
export function makePassword(random: Pick<Random, 'bytes'>): string {
  const letters = Array.from(random.bytes(LENGTH), (byte) => ALPHABET[byte % ALPHABET.length])
  let at = 0
  return GROUPS.map((size) => {
    at += size
    return letters.slice(at - size, at).join('')
  }).join('-')
}
