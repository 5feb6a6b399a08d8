/** A bar: `count` values from `low` to below `high`. */
export interface Bin {
  readonly low: number
  readonly high: number
  readonly count: number
}

/** Values of at most this many times the largest are put together in the lowest bar. */
const SPAN_MAX = 1e6

/** Bars of equal width on a logarithmic scale, group by group. Values of zero count as the least. */
export function histogram(
  values: readonly { readonly group: string; readonly value: number }[],
  bins: number,
): (Bin & { readonly group: string })[] {
  const positive = values.filter(({ value }) => value > 0)
  if (positive.length === 0) {
    return []
  }
  const largest = positive.reduce((most, { value }) => Math.max(most, value), 0)
  const least = positive.reduce((low, { value }) => Math.min(low, value), largest)
  const from = Math.log(Math.max(least, largest / SPAN_MAX))
  // One value alone still needs a bar with a width.
  const width = Math.max((Math.log(largest) - from) / bins, 0.01)
  const counts = new Map<string, number[]>()
  for (const { group, value } of values) {
    const bars = counts.get(group) ?? new Array<number>(bins).fill(0)
    const at = value > 0 ? Math.floor((Math.log(value) - from) / width) : 0
    const bar = Math.min(bins - 1, Math.max(0, at))
    bars[bar] = (bars[bar] ?? 0) + 1
    counts.set(group, bars)
  }
  const edge = (i: number): number => Math.exp(from + i * width)
  return [...counts].flatMap(([group, bars]) =>
    bars.flatMap((count, i) => (count === 0 ? [] : [{ group, low: edge(i), high: edge(i + 1), count }])),
  )
}
