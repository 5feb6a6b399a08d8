import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Person } from './person.ts'

/** A line of the play. */
export interface Line {
  readonly from: Person
  readonly to: Person
  readonly text: string
}

/**
 * Compares what two people have on their disks with what was said.
 *
 * @throws CliError if a message is missing, there twice or out of place
 */
export async function compareHistories(one: Person, other: Person, expected: readonly Line[]): Promise<void> {
  for (const [person, withWhom] of [
    [one, other],
    [other, one],
  ] as const) {
    const shown = (await person.history(withWhom)).map(({ from, body }) => `${from} ${body}`)
    const wanted = expected.map(({ from, text }) => `${from.address} ${text}`)
    if (JSON.stringify(shown) !== JSON.stringify(wanted)) {
      const message = `${person.name}'s history is not what was said: ${JSON.stringify(shown)}`
      throw new CliError(EXIT_CODES.failed, 'demo', message)
    }
  }
}
