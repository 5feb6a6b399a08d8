import type { Draws } from '../churn/draws.ts'
import { lawMeanMs, sampleLaw, sampleResidual } from '../churn/laws.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** A person goes away with the node switched off, or comes back. */
export interface AbsenceEvent {
  readonly kind: 'away' | 'back'
  /** Since the start of the run, whole milliseconds. */
  readonly atMs: number
}

/**
 * When one person is away, drawn as it is read. At any moment the share of the scenario is away, from the start of the
 * run on; between absences a person is there for an exponential time. When the scenario's duration is over whoever is away
 * comes back, so that what waits can arrive while the run settles.
 *
 * @param draws forked for this person
 */
export function* absencePlan(scenario: Scenario, draws: Draws): Generator<AbsenceEvent, undefined, undefined> {
  const { offline } = scenario.workload
  if (offline === undefined || offline.share === 0) {
    return
  }
  const untilMs = scenario.warmupMs + scenario.durationMs
  const thereMeanMs = (lawMeanMs(offline.forLaw) * (1 - offline.share)) / offline.share
  const isAway = draws.next() < offline.share
  const there = (): number => Math.max(1, Math.round(-thereMeanMs * Math.log(1 - draws.next())))
  let awayMs = isAway ? sampleResidual(offline.forLaw, draws) : sampleLaw(offline.forLaw, draws)
  for (let atMs = isAway ? 0 : there(); atMs < untilMs; atMs += there()) {
    yield { kind: 'away', atMs }
    atMs = Math.min(untilMs, atMs + Math.max(1, Math.round(awayMs)))
    yield { kind: 'back', atMs }
    awayMs = sampleLaw(offline.forLaw, draws)
  }
}
