import type { Tier } from '../tier.ts'
import { virtualTime } from '../time/virtual-time.ts'
import { StackRun } from './stack-run.ts'

/**
 * Runs a scenario with production nodes whole, on virtual time. The process must have been started with
 * `node --import ./sim/time/preload.ts`.
 *
 * @throws RealWorkError when something in the run did real asynchronous work, DeadlockError, or what a node threw into the
 * event loop
 */
export const stackTier: Tier = async ({ scenario, seed, observer, signal }) => {
  const time = virtualTime()
  return await time.drive(seed, () => new StackRun(time, { scenario, seed, observer, signal }).play())
}
