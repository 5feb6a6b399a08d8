import { distance } from 'fastest-levenshtein'

/** Longest word that is compared, characters; nobody mistypes more. */
const WORD_CHARACTERS_MAX = 100

/** `; did you mean X?` with the known word nearest to what was written, or the list of them if none is near. */
export function nearest(written: string, known: readonly string[]): string {
  const word = written.slice(0, WORD_CHARACTERS_MAX).toLowerCase()
  const ranked = known
    .map((candidate) => ({ candidate, far: distance(word, candidate.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
  const best = ranked[0]
  if (best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 2))) {
    return `; did you mean '${best.candidate}'?`
  }
  return known.length === 0 ? '' : `; known: ${known.join(', ')}`
}
