import type { RunResult } from '../results/results.ts'
import type { Tier } from '../tier.ts'
import { realTurn } from '../time/virtual-time.ts'
import { ModelRun } from './model-run.ts'

/** Events between two looks at the world outside; some hundredths of a second. */
const EVENTS_PER_TURN = 20_000

/**
 * The model tier: the project's state machines of mailbox, outbox and delivery unchanged, over a discrete-event model of
 * Kademlia and connections on typed arrays; 10^3 to 10^6 nodes.
 */
export const modelTier: Tier = async ({ scenario, seed, observer, signal }): Promise<RunResult> => {
  const run = new ModelRun(scenario, seed, (event) => observer.trace(event))
  let isOver = false
  while (!isOver && !signal.aborted) {
    isOver = run.advance(EVENTS_PER_TURN)
    observer.progress(run.kernel.nowMs)
    await realTurn()
  }
  return run.result(!isOver)
}
