import { LOOKUPS_MAX, MESSAGES_MAX, NODES_MAX, SAMPLES_MAX, STACK_NODES_MAX, SWEEP_RUNS_MAX } from './limits.ts'
import type { Scenario } from './scenario.ts'
import type { ScenarioFile } from './scenario-file.ts'
import type { ScenarioSource } from './scenario-source.ts'

const HOUR_MS = 3_600_000

/** Refuses what would not fit the tier or the machine. */
export function checkSize(scenario: Scenario, tier: 'stack' | 'model', source: ScenarioSource): void {
  const limit = tier === 'stack' ? STACK_NODES_MAX : NODES_MAX
  const advice = tier === 'stack' ? '; use --tier model' : ''
  if (scenario.nodes > limit) {
    source.fail(
      'population.nodes',
      `${scenario.nodes} nodes are too many for the ${tier} tier, which takes ${limit}${advice}`,
    )
  }
  let nodes = scenario.nodes
  scenario.faults.forEach((fault, i) => {
    nodes += fault.kind === 'flash-crowd' || fault.kind === 'sybils' ? fault.nodes : 0
    if (nodes > limit) {
      source.fail(`faults.${i}`, `with these there are ${nodes} nodes; the ${tier} tier takes ${limit}${advice}`)
    }
  })
  const { workload, durationMs } = scenario
  const hours = durationMs / HOUR_MS
  atMost(
    workload.people * workload.messagesPerPersonPerHour * hours,
    MESSAGES_MAX,
    'workload.messages',
    'messages',
    source,
  )
  atMost(scenario.nodes * workload.lookupsPerNodePerHour * hours, LOOKUPS_MAX, 'workload.lookups', 'lookups', source)
  const wholeMs = scenario.warmupMs + durationMs + scenario.settleMs
  atMost(wholeMs / scenario.sampleEveryMs, SAMPLES_MAX, 'sample', 'samples', source)
}

/** Refuses a sweep that nobody could wait for. */
export function checkSweep(sweep: NonNullable<ScenarioFile['sweep']>, source: ScenarioSource): void {
  const points = [...sweep.grid.values()].reduce((product, values) => product * values.length, 1)
  const runs = points * sweep.seeds
  if (runs > SWEEP_RUNS_MAX) {
    source.fail('sweep.grid', `${points} points × ${sweep.seeds} seeds are ${runs} runs; at most ${SWEEP_RUNS_MAX}`)
  }
}

function atMost(expected: number, most: number, path: string, called: string, source: ScenarioSource): void {
  if (expected > most) {
    source.fail(path, `about ${Math.round(expected)} ${called} are to be expected; at most ${most}`)
  }
}
