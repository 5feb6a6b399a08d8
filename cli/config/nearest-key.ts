import { distance } from 'fastest-levenshtein'

/** Longest key that is compared, characters; nobody mistypes more. */
const KEY_CHARACTERS_MAX = 60

/** `; did you mean X?` with the key nearest to what was written, or all keys if none is near. */
export function nearestKey(written: string, known: readonly string[]): string {
  const word = written.slice(0, KEY_CHARACTERS_MAX).toLowerCase()
  const [best] = known.map((key) => ({ key, far: distance(word, key) })).sort((a, b) => a.far - b.far)
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 2))
    ? `; did you mean '${best.key}'?`
    : `; known: ${known.join(', ')}`
}
