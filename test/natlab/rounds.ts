import { straightConnection } from './connections.ts'
import type { LabNode } from './lab-node.ts'
import { expected, type Outcome, type Trial } from './matrix.ts'
import type { Place } from './places.ts'
import { until } from './wait.ts'
import type { World } from './world.ts'

/** What is done at a time: so much that both cores have work. */
const AT_ONCE = 2
/** Time for the first contact of two, through custodians if need be. */
const FRIENDS_LIMIT_MS = 60_000
/** Time for a message of a trial. */
const MESSAGE_LIMIT_MS = 30_000
/** Time from there to a direct path where there can be one, and where there cannot. */
const DIRECT_LIMIT_MS = 20_000
const NO_DIRECT_LIMIT_MS = 5_000
const POLL_MS = 150

/** Two people at places: `caller` writes to `called`. */
export interface Pair {
  readonly caller: LabNode
  readonly called: LabNode
  readonly from: Place
  readonly to: Place
}

/** For each place a caller and a called, each with a box of its own. */
export async function people(world: World, pairs: readonly (readonly [Place, Place])[]): Promise<readonly Pair[]> {
  const callers = new Map<Place, LabNode>()
  const called = new Map<Place, LabNode>()
  for (const [from, to] of pairs) {
    if (!callers.has(from)) {
      callers.set(from, await world.person(`a-${from.name}`, from))
    }
    if (!called.has(to)) {
      called.set(to, await world.person(`b-${to.name}`, to))
    }
  }
  return pairs.map(([from, to]) => ({ caller: callers.get(from)!, called: called.get(to)!, from, to }))
}

/** Makes friends of each pair, few at a time: what takes long goes by letter, with a proof of work. */
export async function befriend(pairs: readonly Pair[]): Promise<void> {
  await eachOf(nodesOf(pairs), async (node) => {
    await node.start()
  })
  await eachOf(pairs, async ({ caller, called }) => {
    await caller.add(called.address)
    await called.add(caller.address)
    const made = await until(FRIENDS_LIMIT_MS, async () => {
      const both = [await caller.isFriendOf(called.address), await called.isFriendOf(caller.address)]
      return both.every(Boolean)
    })
    if (made === undefined) {
      throw new Error(`${caller.host.name} and ${called.host.name} did not meet`)
    }
  })
}

/**
 * One side of all pairs is killed, as by a power cut, and starts anew, few at a time: new process, new ports, new mappings.
 * Each of its nodes writes at once to all it knows, and what became of each conversation is read.
 */
export async function round(pairs: readonly Pair[], side: 'caller' | 'called'): Promise<readonly Trial[]> {
  const writers = [...new Set(pairs.map((pair) => pair[side]))]
  await Promise.all(writers.map((node) => node.end('SIGKILL')))
  const trials: Trial[] = []
  await eachOf(writers, async (node) => {
    const startMs = performance.now()
    await node.start()
    const written = pairs.filter((pair) => pair[side] === node)
    const made = written.map((pair) => trial(pair, side, startMs).catch((error: Error) => broken(pair, error)))
    trials.push(...(await Promise.all(made)))
  })
  return trials
}

async function trial(pair: Pair, side: 'caller' | 'called', startMs: number): Promise<Trial> {
  const { caller, called, from, to } = pair
  const [writer, reader] = side === 'caller' ? [caller, called] : [called, caller]
  const sent = await writer.outgoing.send(reader.address, 'hello')
  const { state } = await writer.outgoing.settled(sent, MESSAGE_LIMIT_MS)
  const deliveredMs = performance.now()
  const limitMs = expected(from, to) === 'relayed' ? NO_DIRECT_LIMIT_MS : DIRECT_LIMIT_MS
  const path = async (): Promise<'direct' | 'relayed' | undefined> => await writer.path(reader.address)
  const direct = await until(limitMs, async () => (await path()) === 'direct', POLL_MS)
  return {
    from: from.name,
    to: to.name,
    outcome: state === 'delivered' ? outcomeOf(pair, await path()) : 'failed',
    firstMessageMs: state === 'delivered' ? deliveredMs - startMs : undefined,
    directMs: direct === true ? performance.now() - startMs : undefined,
  }
}

/** What could not even be asked has failed. */
function broken({ from, to }: Pair, error: Error): Trial {
  console.log(`${from.name}:${to.name}: ${error.message}`)
  return { from: from.name, to: to.name, outcome: 'failed', firstMessageMs: undefined, directMs: undefined }
}

/** What the node says, and for a direct path how the kernel says it came about. */
function outcomeOf({ caller, called, from, to }: Pair, path: 'direct' | 'relayed' | undefined): Outcome {
  if (path !== 'direct') {
    return path ?? 'failed'
  }
  switch (straightConnection(caller.host, called.host)) {
    case 'dialled':
      return from.mapsPorts === true || to.mapsPorts === true ? 'mapped' : 'direct'
    case 'punched':
      return 'punched'
    default:
      return 'failed'
  }
}

/** Few at a time. */
async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await act(item)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function nodesOf(pairs: readonly Pair[]): readonly LabNode[] {
  return [...new Set(pairs.flatMap(({ caller, called }) => [called, caller]))]
}
