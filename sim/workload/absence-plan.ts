import type { Draws } from '../churn/draws.ts'
import { lawMeanMs, sampleLaw, sampleResidual } from '../churn/laws.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** A person goes away with the node switched off, or comes back. */
export interface AbsenceEvent {
  readonly kind: 'away' | 'back'
  /** Since the start of the run, whole milliseconds. */
  readonly atMs: number
}

/** Of the warm-up, in which everybody is there. */
const THERE_SHARE = 2 / 3

/**
 * When one person is away, drawn as it is read. Nobody is in the first two thirds of the warm-up: who is away has been there
 * before and is known to his contacts. From then on the share of the scenario is away at any moment; between absences a person is there for an exponential time. When the scenario's duration is over whoever is away
 * comes back, so that what waits can arrive while the run settles.
 *
 * @param draws forked for this person
 */
export function* absencePlan(scenario: Scenario, draws: Draws): Generator<AbsenceEvent, undefined, undefined> {
  const { offline } = scenario.workload
  if (offline === undefined || offline.share === 0) {
    return
  }
  const fromMs = Math.round(scenario.warmupMs * THERE_SHARE)
  const untilMs = scenario.warmupMs + scenario.durationMs
  const thereMeanMs = (lawMeanMs(offline.forLaw) * (1 - offline.share)) / offline.share
  const isAway = draws.next() < offline.share
  const there = (): number => Math.max(1, Math.round(-thereMeanMs * Math.log(1 - draws.next())))
  let awayMs = isAway ? sampleResidual(offline.forLaw, draws) : sampleLaw(offline.forLaw, draws)
  for (let atMs = fromMs + (isAway ? 0 : there()); atMs < untilMs; atMs += there()) {
    yield { kind: 'away', atMs }
    atMs = Math.min(untilMs, atMs + Math.max(1, Math.round(awayMs)))
    yield { kind: 'back', atMs }
    awayMs = sampleLaw(offline.forLaw, draws)
  }
}
