import type { Scenario } from '../scenario/scenario.ts'

/** Values by the path that they replace. */
export type PointValues = Readonly<Record<string, string | number>>

/**
 * Every point of the list with every combination of the values of the grid, the last parameter changing fastest. Bounded
 * by the reader of scenarios (SWEEP_RUNS_MAX).
 */
export function sweepPoints({ grid, list }: Pick<NonNullable<Scenario['sweep']>, 'grid' | 'list'>): PointValues[] {
  return Object.entries(grid).reduce<PointValues[]>(
    (points, [path, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    list.length === 0 ? [{}] : [...list],
  )
}
