import { lawMeanMs } from '../churn/laws.ts'
import {
  LOOKUPS_MAX,
  MESSAGES_MAX,
  NODES_MAX,
  SAMPLES_MAX,
  SESSIONS_MAX,
  STACK_NODES_MAX,
  STACK_SESSIONS_MAX,
  SWEEP_RUNS_MAX,
} from './limits.ts'
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
  checkSessions(scenario, wholeMs, { tier, source })
}

/** Nodes that come and go each millisecond would keep a run busy for years. */
function checkSessions(
  { classes, nodes, workload }: Scenario,
  wholeMs: number,
  { tier, source }: { readonly tier: 'stack' | 'model'; readonly source: ScenarioSource },
): void {
  const most = tier === 'stack' ? STACK_SESSIONS_MAX : SESSIONS_MAX
  let sessions = 0
  for (const { name, share, churn } of classes) {
    if (churn.session !== undefined && churn.trace === undefined) {
      sessions += (nodes * share * wholeMs) / (lawMeanMs(churn.session) + Math.max(1, lawMeanMs(churn.absence)))
      const [written] = name.split('/')
      atMost(sessions, most, `churn.${written}`, 'sessions', source)
    }
  }
  const { people, offline } = workload
  if (offline !== undefined) {
    const absences = (people * offline.share * wholeMs) / Math.max(1, lawMeanMs(offline.forLaw))
    atMost(sessions + absences, most, 'workload.offline.for', 'sessions', source)
  }
}

/** Refuses a sweep that nobody could wait for. */
export function checkSweep(sweep: NonNullable<ScenarioFile['sweep']>, source: ScenarioSource): void {
  const { grid, list } = sweep
  if (grid.size === 0 && list.length === 0) {
    source.fail('sweep', 'a grid or a list of points is needed')
  }
  checkList(list, grid, source)
  refuseOwnPaths([...grid.keys()], 'sweep.grid', source)
  refuseOwnPaths([...(list[0]?.keys() ?? [])], 'sweep.list.0', source)
  const points = [...grid.values()].reduce((product, values) => product * values.length, Math.max(1, list.length))
  const runs = points * sweep.seeds
  if (runs > SWEEP_RUNS_MAX) {
    source.fail(
      grid.size === 0 ? 'sweep.list' : 'sweep.grid',
      `${points} points × ${sweep.seeds} seeds are ${runs} runs; at most ${SWEEP_RUNS_MAX}`,
    )
  }
}

/** What is the same in a whole sweep cannot be a parameter of it: it would stand in the table and change nothing. */
function refuseOwnPaths(paths: readonly string[], where: string, source: ScenarioSource): void {
  for (const path of paths) {
    if (path === 'tier') {
      source.fail(`${where}.${path}`, 'a sweep runs in one tier; make one for each, with --tier')
    }
    if (/^(?:sweep|ci)(?:\.|$)/.test(path)) {
      source.fail(`${where}.${path}`, 'this is no value of a run')
    }
  }
}

/** Points of a list name the same paths, so that they are the rows of one table, and none of the grid's. */
function checkList(
  list: readonly ReadonlyMap<string, unknown>[],
  grid: ReadonlyMap<string, unknown>,
  source: ScenarioSource,
): void {
  const first = [...(list[0]?.keys() ?? [])]
  list.forEach((point, i) => {
    const paths = [...point.keys()]
    const strange = paths.find((path) => !first.includes(path)) ?? first.find((path) => !point.has(path))
    if (strange !== undefined) {
      source.fail(`sweep.list.${i}`, `all points name the same paths; '${strange}' is not in all of them`)
    }
    const twice = paths.find((path) => grid.has(path))
    if (twice !== undefined) {
      source.fail(`sweep.list.${i}.${twice}`, 'the grid has this path too')
    }
  })
}

function atMost(expected: number, most: number, path: string, called: string, source: ScenarioSource): void {
  if (expected > most) {
    source.fail(path, `about ${Math.round(expected)} ${called} are to be expected; at most ${most}`)
  }
}
