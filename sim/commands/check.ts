import { findScenario } from '../scenario/find-scenario.ts'
import { readScenario } from '../scenario/read-scenario.ts'
import { planSweep } from '../sweep/plan-sweep.ts'
import { readOptions, type ScenarioOptions } from './scenario-options.ts'

const MINUTE_MS = 60_000

/**
 * `kabber sim check FILE`: says in one line what a scenario would run, once its sweep, if it has one, was tried as well.
 *
 * @throws ScenarioError: exit code 2
 */
export function check(named: string, options: ScenarioOptions, write: (line: string) => void): number {
  const read = readOptions(options)
  const file = findScenario(named)
  const { scenario, tier } = readScenario(file, read)
  const sweep = scenario.sweep && planSweep(file, read, '')
  const wholeMs = scenario.warmupMs + scenario.durationMs + scenario.settleMs
  const parts = [
    `${scenario.nodes} nodes in ${scenario.classes.length} classes`,
    `${scenario.workload.people} people`,
    `${Math.ceil(wholeMs / MINUTE_MS)} simulated minutes`,
    `${scenario.faults.length} faults`,
    `${scenario.assertions.length} assertions`,
    ...(sweep === undefined ? [] : [`a sweep of ${sweep.points.length} points × ${sweep.seeds} seeds`]),
  ]
  write(`${named}: good for the ${tier} tier: ${parts.join(', ')}`)
  return 0
}
