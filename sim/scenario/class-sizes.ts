import type { NodeClass } from './scenario.ts'

/**
 * How many of `nodes` each class has: the shares, rounded so that they add up (largest remainder; the earlier class where
 * two are equal). Nodes are numbered class by class: the first class has 0 and up.
 */
export function classSizes(classes: readonly Pick<NodeClass, 'share'>[], nodes: number): number[] {
  const exact = classes.map(({ share }) => share * nodes)
  // A share such as 0.3 of 10 is not quite 3.
  const sizes = exact.map((size) => Math.floor(size + 1e-9))
  const byRemainder = exact
    .map((size, i) => ({ i, rest: size - (sizes[i] ?? 0) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i)
  const missing = nodes - sizes.reduce((sum, size) => sum + size, 0)
  for (let j = 0; j < missing; j++) {
    const { i } = byRemainder[j % byRemainder.length] ?? { i: 0 }
    sizes[i] = (sizes[i] ?? 0) + 1
  }
  return sizes
}
