import type { Churn } from '../scenario/scenario.ts'
import { endOfSession } from './daily-rhythm.ts'
import type { Draws } from './draws.ts'
import { lawMeanMs, sampleLaw, sampleResidual } from './laws.ts'
import { tracedEvents } from './traced-events.ts'

/** A node comes or goes. */
export interface SessionEvent {
  /** `leave` says goodbye, `crash` does not. */
  readonly kind: 'join' | 'leave' | 'crash'
  /** Since the start of the run, whole milliseconds; never less than that of the event before. */
  readonly atMs: number
  /** Of a join: it finds its disk as it was. The first of a run is false. */
  readonly disk: boolean
}

/**
 * When one node joins and goes, without end, drawn as it is read; a node that never leaves joins at 0 and that is all.
 * The run starts in the steady state: a node is on-line at 0 with the probability it has at any moment, and then has
 * what is left of a session, not a fresh one.
 *
 * @param draws forked for this node and this purpose
 * @param node index inside its class, for traces
 */
export function* sessionPlan(churn: Churn, draws: Draws, node: number): Generator<SessionEvent, undefined, undefined> {
  if (churn.trace !== undefined) {
    yield* replay(churn, draws, node)
    return
  }
  if (churn.session === undefined) {
    yield { kind: 'join', atMs: 0, disk: false }
    return
  }
  const isUp = draws.next() < shareUp(churn)
  let atMs = isUp ? 0 : whole(sampleResidual(churn.absence, draws))
  let lengthMs = isUp ? sampleResidual(churn.session, draws) : sampleLaw(churn.session, draws)
  yield { kind: 'join', atMs, disk: false }
  for (;;) {
    atMs = Math.max(atMs + 1, whole(endOfSession(atMs, lengthMs, churn.diurnal)))
    yield { kind: departure(churn, draws), atMs, disk: false }
    atMs += Math.max(1, whole(sampleLaw(churn.absence, draws)))
    yield { kind: 'join', atMs, disk: findsDisk(churn, draws) }
    lengthMs = sampleLaw(churn.session, draws)
  }
}

/** The share of nodes of a class that is on-line at any moment, 0 to 1. */
export function shareUp(churn: Churn): number {
  if (churn.session === undefined) {
    return 1
  }
  const up = lawMeanMs(churn.session)
  return up / (up + lawMeanMs(churn.absence))
}

function* replay(churn: Churn, draws: Draws, node: number): Generator<SessionEvent, undefined, undefined> {
  let joins = 0
  for (const event of tracedEvents(churn.trace ?? [], node)) {
    const isReturn = event.kind === 'join' && joins++ > 0
    yield { kind: event.kind, atMs: event.atMs, disk: isReturn && findsDisk(churn, draws) }
  }
}

function departure(churn: Churn, draws: Draws): 'leave' | 'crash' {
  return draws.next() < churn.crashShare ? 'crash' : 'leave'
}

function findsDisk(churn: Churn, draws: Draws): boolean {
  return draws.next() < churn.diskShare
}

function whole(ms: number): number {
  return Math.round(ms)
}
