import type { Draws } from '../churn/draws.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { ContactsGraph } from './contacts-graph.ts'
import { poissonTimes } from './poisson-times.ts'

/** Somebody writes. Who is away or has no node up at that moment does not: whoever plays the plan leaves it out. */
export interface PlannedMessage {
  /** Since the start of the run, whole milliseconds. */
  readonly atMs: number
  /** Indices of people. */
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/**
 * All messages of a run in the order of time, drawn as they are read: each person writes as a Poisson process of its own
 * (which together are one), to one of its contacts, from the end of the warm-up for the duration of the scenario.
 */
export function* messagePlan(
  scenario: Scenario,
  contacts: ContactsGraph,
  draws: Draws,
): Generator<PlannedMessage, undefined, undefined> {
  const { messagesPerPersonPerHour, messageBytes } = scenario.workload
  const perHour = messagesPerPersonPerHour * contacts.people
  const untilMs = scenario.warmupMs + scenario.durationMs
  for (const atMs of poissonTimes(perHour, scenario.warmupMs, untilMs, draws)) {
    const from = Math.floor(draws.next() * contacts.people)
    const known = contacts.of(from)
    const to = known[Math.floor(draws.next() * known.length)]
    if (to !== undefined) {
      yield { atMs, from, to, bytes: messageBytes }
    }
  }
}
