import { type ReadOptions, readScenario } from '../scenario/read-scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { ScenarioError } from '../scenario/scenario-error.ts'
import type { SweepPlan } from './sweep-plan.ts'
import { type PointValues, sweepPoints } from './sweep-points.ts'

/** Points that are all tried before the first run, about a millisecond each; of a larger grid every value by itself. */
const TRIED_POINTS = 2_000

/**
 * Reads the scenario of a sweep as it is, then at its points, so that what is wrong there is told before the first run.
 *
 * @throws ScenarioError
 */
export function planSweep(file: string, options: ReadOptions, version: string): SweepPlan {
  const { overrides = {}, ci = false } = options
  const { scenario, tier } = readScenario(file, { ...options, overrides })
  if (scenario.sweep === undefined) {
    throw new ScenarioError(`${file}:1: sweep: the section is missing; it names seeds and a grid or a list of points`)
  }
  const { seeds, stop = null } = scenario.sweep
  const points = sweepPoints(scenario.sweep)
  const twice = Object.keys(overrides).find((path) => Object.hasOwn(points[0] ?? {}, path))
  if (twice !== undefined) {
    throw new ScenarioError(`${file}: ${twice}: the sweep has values of its own for it; no option can give it another`)
  }
  tryPoints(points.length > TRIED_POINTS ? eachByItself(scenario.sweep) : points, file, options)
  const { name, text } = scenario
  return { format: 1, version, scenario: name, tier, ci, overrides, points, seeds, stop, scenarioText: text }
}

function tryPoints(points: readonly PointValues[], file: string, options: ReadOptions): void {
  for (const values of points) {
    readScenario(file, { ...options, overrides: { ...options.overrides, ...values } })
  }
}

function eachByItself({ grid, list }: NonNullable<Scenario['sweep']>): PointValues[] {
  const values = Object.entries(grid).flatMap(([path, ofPath]) => ofPath.map((value) => ({ [path]: value })))
  return [...values, ...list]
}
