/**
 * `kabber sim merge DIR… --out DIR`: puts the shards of a sweep together. Gives the exit code: 0 complete, 1 something
 * is missing (it says what).
 *
 * @throws OutputError: exit code 2
 */
export function merge(_shards: readonly string[], _options: { readonly out: string }): number {
  throw new Error('being written')
}
