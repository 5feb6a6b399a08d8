import type { Scenario } from '../scenario/scenario.ts'

/** Values by the path that they replace. */
export type PointValues = Readonly<Record<string, string | number>>

/**
 * Every combination of the values of a grid, the last parameter changing fastest. Bounded by the reader of scenarios
 * (SWEEP_RUNS_MAX).
 */
export function sweepPoints(grid: NonNullable<Scenario['sweep']>['grid']): PointValues[] {
  return Object.entries(grid).reduce<PointValues[]>(
    (points, [path, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    [{}],
  )
}
