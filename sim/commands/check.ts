import { findScenario } from '../scenario/find-scenario.ts'
import { readScenario } from '../scenario/read-scenario.ts'
import { readOptions, type ScenarioOptions } from './scenario-options.ts'

const MINUTE_MS = 60_000

/**
 * `kabber sim check FILE`: says in one line what a scenario would run.
 *
 * @throws ScenarioError: exit code 2
 */
export function check(named: string, options: ScenarioOptions, write: (line: string) => void): number {
  const { overrides, ...how } = readOptions(options)
  // Without overrides the values of a grid are tried as well.
  const loaded = readScenario(findScenario(named), Object.keys(overrides).length === 0 ? how : { ...how, overrides })
  const { scenario, tier } = loaded
  const wholeMs = scenario.warmupMs + scenario.durationMs + scenario.settleMs
  const parts = [
    `${scenario.nodes} nodes in ${scenario.classes.length} classes`,
    `${scenario.workload.people} people`,
    `${Math.ceil(wholeMs / MINUTE_MS)} simulated minutes`,
    `${scenario.faults.length} faults`,
    `${scenario.assertions.length} assertions`,
  ]
  write(`${named}: good for the ${tier} tier: ${parts.join(', ')}`)
  return 0
}
