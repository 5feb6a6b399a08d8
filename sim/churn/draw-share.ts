import type { Draws } from './draws.ts'

/**
 * A share of `items`, chosen at random and without repetition: who dies together, who is behind the partition. Rounded
 * to whole items.
 */
export function drawShare<Item>(items: readonly Item[], share: number, draws: Draws): Item[] {
  const pool = [...items]
  const count = Math.round(pool.length * share)
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(draws.next() * (pool.length - i))
    const chosen = pool[other] as Item
    pool[other] = pool[i] as Item
    pool[i] = chosen
  }
  return pool.slice(0, count)
}
