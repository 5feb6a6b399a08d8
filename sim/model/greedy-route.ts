import type { Place } from './id-space.ts'
import type { RoutingTables } from './routing-tables.ts'
import type { World } from './world.ts'

/** A route that is longer leads in a circle: two live neighbours that have each other's stale entries. */
const HOPS_MAX = 64

/**
 * Steps from `source` to the node nearest to a place, each to the nearest one that the last one knows: the quantity of Cai
 * and Devroye, ln N / H_k in the mean. Lookups take fewer, since they ask alpha on each path and learn k from each.
 */
export function greedyHops(world: World, tables: RoutingTables, source: number, place: Place, nowMs: number): number {
  let at = source
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    let nearest = at
    const table = tables.of(at, nowMs)
    for (let slot = 0; slot < table.length; slot += 1) {
      const node = table[slot] as number
      if (node >= 0 && world.up[node] === 1 && world.ids.compare(place, node, nearest) < 0) {
        nearest = node
      }
    }
    if (nearest === at) {
      return hops
    }
    at = nearest
  }
  return HOPS_MAX
}
