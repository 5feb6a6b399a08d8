import { distance } from 'fastest-levenshtein'

/** Mistakes that one word has at most; what differs more is meant for somebody else (Kubernetes sets `KABBER_RELAY_PORT`). */
const MISTAKES_MAX = 2

/** Longest variable that is compared, characters. */
const VARIABLE_CHARACTERS_MAX = 60

/** Remarks on variables that nobody reads and that look like one of those that are read. */
export function misspeltVariables(set: readonly string[], known: ReadonlySet<string>): readonly string[] {
  return set
    .filter((name) => name.startsWith('KABBER') && name.length <= VARIABLE_CHARACTERS_MAX && !known.has(name))
    .flatMap((name) => {
      const meant = [...known].find((one) => distance(name, one) <= MISTAKES_MAX)
      return meant === undefined ? [] : [`Note: ${name} is no setting and is not read; did you mean ${meant}?`]
    })
}
