import type { Draws } from '../churn/draws.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { poissonTimes } from './poisson-times.ts'

/** A node looks up a random key, for measuring alone. A node that is down at that moment does not. */
export interface PlannedLookup {
  /** Since the start of the run, whole milliseconds. */
  readonly atMs: number
  readonly node: number
}

/** All lookups of a run in the order of time, drawn as they are read: a Poisson process for each node. */
export function* lookupPlan(scenario: Scenario, draws: Draws): Generator<PlannedLookup, undefined, undefined> {
  const perHour = scenario.workload.lookupsPerNodePerHour * scenario.nodes
  const untilMs = scenario.warmupMs + scenario.durationMs
  for (const atMs of poissonTimes(perHour, scenario.warmupMs, untilMs, draws)) {
    yield { atMs, node: Math.floor(draws.next() * scenario.nodes) }
  }
}
