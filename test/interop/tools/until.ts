import { setTimeout as pause } from 'node:timers/promises'

const DEFAULT_LIMIT_MS = 20_000
const LOOK_EVERY_MS = 100

/** Looks again and again at a program that cannot tell by itself, until `probe` gives something; throws after `limitMs`. */
export async function until<Value>(
  what: string,
  probe: () => Value | Promise<Value>,
  limitMs: number = DEFAULT_LIMIT_MS,
): Promise<NonNullable<Value>> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== null && value !== false) {
      return value
    }
    if (performance.now() > endMs) {
      throw new Error(`not within ${limitMs / 1_000} s: ${what}`)
    }
    await pause(LOOK_EVERY_MS)
  }
}
