import type { NatCell } from '../results/results.ts'
import type { Paths } from './paths.ts'
import type { Stream } from './stream.ts'
import type { World } from './world.ts'

/** Pairs tried; a cell's share is then known to a few points. */
const PAIRS = 20_000

/** Who would reach whom: random pairs of nodes that run, by the kind of their boxes. Nothing is punched or relayed yet. */
export function natMatrixOf(world: World, paths: Paths, stream: Stream): NatCell[] {
  const cells = new Map<string, { from: string; to: string; direct: number; failed: number }>()
  for (let pair = 0; pair < PAIRS; pair++) {
    const from = stream.uniform(world.regular)
    const to = stream.uniform(world.regular)
    if (from === to || world.up[from] === 0 || world.up[to] === 0) {
      continue
    }
    const [fromKind, toKind] = [kindOf(world, from), kindOf(world, to)]
    const key = `${fromKind} ${toKind}`
    const cell = cells.get(key) ?? { from: fromKind, to: toKind, direct: 0, failed: 0 }
    cells.set(key, cell)
    const isReached = paths.reaches(from, to)
    cell.direct += isReached ? 1 : 0
    cell.failed += isReached ? 0 : 1
  }
  return [...cells.values()]
    .sort((one, other) => compare(one.from, other.from) || compare(one.to, other.to))
    .map((cell) => ({ ...cell, punched: 0, relayed: 0 }))
}

function kindOf(world: World, node: number): string {
  return (
    world
      .classAt(node)
      ?.nat.map(({ preset }) => preset)
      .join('+') || 'open'
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
