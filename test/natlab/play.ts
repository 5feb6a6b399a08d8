import type { AfterHooks } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import type { Account } from './conversation.ts'
import type { LabNode } from './lab-node.ts'
import { until } from './wait.ts'
import { refuseWithoutNamespaces, World } from './world.ts'

const FRIENDS_LIMIT_MS = 60_000

/** Two people who are friends, in a world with relays. */
export interface Play {
  readonly world: World
  readonly alice: LabNode
  readonly bob: LabNode
}

/** Runs a play of the laboratory as a program: `act` gives what went wrong, one line each. */
export async function runPlay(
  name: string,
  limitMs: number,
  act: (hooks: AfterHooks) => Promise<readonly string[]>,
): Promise<never> {
  return await runStandalone(limitMs, async (hooks) => {
    refuseWithoutNamespaces(name)
    const faults = await act(hooks)
    for (const fault of faults) {
      console.log(`WRONG: ${fault}`)
    }
    return faults.length === 0 ? 0 : 1
  })
}

/** Alice and Bob at two places, running and friends. */
export async function setScene(hooks: AfterHooks, places: readonly [string, string], relays: number): Promise<Play> {
  const world = await World.open(hooks, relays)
  const [alice, bob] = [await world.person('alice', places[0]), await world.person('bob', places[1])]
  await alice.start()
  await bob.start()
  await alice.add(bob.address)
  await bob.add(alice.address)
  const isDone = async (): Promise<boolean> =>
    (await alice.isFriendOf(bob.address)) && (await bob.isFriendOf(alice.address))
  if ((await until(FRIENDS_LIMIT_MS, isDone)) === undefined) {
    throw new Error('Alice and Bob did not meet')
  }
  return { world, alice, bob }
}

/** Waits until the conversation of two goes so. @throws Error after `limitMs` */
export async function untilPath(
  from: LabNode,
  to: LabNode,
  path: 'direct' | 'relayed',
  limitMs: number,
): Promise<number> {
  const startMs = performance.now()
  if ((await until(limitMs, async () => (await from.path(to.address)) === path)) === undefined) {
    throw new Error(`the conversation is not ${path} after ${limitMs / 1_000} s but ${await from.path(to.address)}`)
  }
  return performance.now() - startMs
}

/** Tells what a conversation came to and gives its problems. */
export function told(name: string, { problems, messages, longestMs }: Account): readonly string[] {
  console.log(`${name}: ${messages} messages, the slowest took ${(longestMs / 1_000).toFixed(1)} s`)
  return problems.map((problem) => `${name}: ${problem}`)
}
