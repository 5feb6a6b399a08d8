import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'

/** The longest any step of the demo may take, milliseconds; the whole has a bound of its own. */
export const STEP_LIMIT_MS = 30_000

/** Pause between two looks at something that is on its way, milliseconds. */
const LOOK_AGAIN_MS = 20

/** Looks again and again until `look` gives something or `limitMs` is over; says then what was waited for. */
export async function until<Value>(
  what: string,
  limitMs: number,
  look: () => Promise<Value | undefined>,
): Promise<Value> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const value = await look()
    if (value !== undefined) {
      return value
    }
    if (performance.now() > endMs) {
      throw new CliError(EXIT_CODES.failed, 'demo', `waited ${limitMs / 1000} s in vain: ${what}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
