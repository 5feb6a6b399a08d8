/** A point of a line. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** At most `most` of the items, evenly spread, the first and the last among them. */
export function evenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) {
    return [...items]
  }
  const step = (items.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, i) => items[Math.round(i * step)] as Item)
}

/** The empirical distribution of values as shares of `total`: x is a value, y the share that is at most x. */
export function cumulativeShares(values: readonly number[], total: number, most: number): Point[] {
  const sorted = Float64Array.from(values).sort()
  const ranked = Array.from(sorted, (x, i) => ({ x, y: (i + 1) / total }))
  return evenly(ranked, most)
}

/**
 * How uneven a load is (Lorenz curve): y is the share of the sum carried by the least loaded share x of the nodes. Even
 * load is the diagonal. Without any load there is no curve.
 */
export function lorenz(values: readonly number[], most: number): Point[] {
  const sorted = Float64Array.from(values).sort()
  const total = sorted.reduce((sum, value) => sum + value, 0)
  if (!(total > 0)) {
    return []
  }
  let carried = 0
  const points = Array.from(sorted, (value, i) => {
    carried += value
    return { x: (i + 1) / sorted.length, y: carried / total }
  })
  return evenly([{ x: 0, y: 0 }, ...points], most)
}
