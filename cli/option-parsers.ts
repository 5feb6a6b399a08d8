import { InvalidArgumentError } from 'commander'

/** Adds what one `--option VALUE` says to what those before it said; white space and commas separate several values. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(/[\s,]+/).filter((part) => part !== '')]
}

/** A whole number from 1 to 9999999, as an argument of an option. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d{1,7}$/.test(text) || count === 0) {
    throw new InvalidArgumentError('A whole number from 1 to 9999999 is needed.')
  }
  return count
}

/** A parser of ours for commander, which wants its own kind of error. */
export function asArgument<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw error instanceof InvalidArgumentError ? error : new InvalidArgumentError((error as Error).message)
    }
  }
}
