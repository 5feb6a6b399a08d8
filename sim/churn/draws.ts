import type { Random } from '../../src/system/random.ts'

/** A stream of uniform draws in [0, 1), forked from the seed for one node or one purpose. */
export interface Draws {
  next(): number
}

/** The draws of a seeded stream, with all 53 bits of a fraction. */
export function drawsOf(random: Random): Draws {
  return { next: () => (random.uniform(2 ** 27) * 2 ** 26 + random.uniform(2 ** 26)) / 2 ** 53 }
}
