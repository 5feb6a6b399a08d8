/**
 * Thirty nodes in eleven processes on loopback. Bob is killed; Alice sends him 100 messages and is killed when all are
 * stored; then 15 (or 10) of the thirty are killed, all with SIGKILL; Bob returns. With 15 killed at least 99 messages
 * must arrive, with 10 killed all, each exactly once. Prints one JSON object a play.
 * Run: node test/fault/half-the-nodes.ts [seed] [killed,killed…]
 */
import { enableCompileCache } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { Children } from '../../cli/demo/child.ts'
import { until } from '../../cli/demo/deadline.ts'
import { Person } from '../../cli/demo/person.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { type AfterHooks, temporaryFolder } from '../support/kabber-process.ts'
import { type NodeGroup, startGroups } from '../support/node-groups.ts'
import { runStandalone } from '../support/standalone.ts'

/** Thirty nodes; with these sizes both 15 and 10 of them can be killed. */
const GROUP_SIZES = [3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 1]
const NODES = 30
const MESSAGES = 100
/** Messages handed in at once; the control socket takes 64. */
const IN_FLIGHT = 16
/** What is lost at most, by nodes killed. */
const LOST_MAX: ReadonlyMap<number, number> = new Map([
  [15, 1],
  [10, 0],
])
/** One play takes about half a minute. */
const PLAY_LIMIT_MS = 240_000
const STORED_LIMIT_MS = 60_000
const ARRIVED_LIMIT_MS = 60_000
/** After the last arrival, for what might come a second time. */
const LATE_MS = 3_000

const seed = Number(process.argv[2] ?? Math.floor(performance.timeOrigin) % 1_000_000)
const plays = (process.argv[3] ?? '15,10').split(',').map(Number)
const random = new SeededRandom(seed)

const startMs = performance.now()

function tell(step: string): void {
  console.error(`${((performance.now() - startMs) / 1_000).toFixed(1)} s  ${step}`)
}

async function befriend(alice: Person, bob: Person): Promise<void> {
  await alice.addContact(bob)
  await until('a request', STORED_LIMIT_MS, async () => ((await bob.contact(alice))?.pendingIn ? true : undefined))
  await bob.acceptContact(alice)
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    await until('the two to be contacts', STORED_LIMIT_MS, async () =>
      (await one.contact(other))?.subscription === 'both' ? true : undefined,
    )
  }
  const hello = await alice.settled(await alice.send(bob, 'hello'), STORED_LIMIT_MS, 'delivered')
  if (hello.state !== 'delivered') {
    throw new Error(`the first message is ${hello.state}`)
  }
}

/** Sends the messages and waits until they are stored; gives how many have how many receipts. */
async function deposit(alice: Person, bob: Person): Promise<{ stored: number; receipts: Record<string, number> }> {
  const receipts: Record<string, number> = {}
  let [next, stored] = [0, 0]
  const endMs = performance.now() + STORED_LIMIT_MS
  const writer = async (): Promise<void> => {
    while (next < MESSAGES) {
      const sent = await alice.send(bob, `message ${next++}`)
      const settled = await alice.settled(sent, Math.max(0, endMs - performance.now()), 'stored')
      stored += settled.state === 'stored' ? 1 : 0
      const words = settled.state === 'stored' ? `${settled.receipts} of ${settled.of}` : settled.state
      receipts[words] = (receipts[words] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer))
  return { stored, receipts }
}

/** Groups with `wanted` nodes together, drawn by the seed, never the first. */
function drawVictims(groups: readonly NodeGroup[], wanted: number): readonly NodeGroup[] {
  const rest = [...groups.slice(1)]
  const victims: NodeGroup[] = []
  let missing = wanted
  while (missing > 0) {
    const fitting = rest.filter(({ size }) => size <= missing && (size === missing || size === 3))
    const victim = fitting[random.uniform(fitting.length)]
    if (victim === undefined) {
      throw new Error(`no groups of ${wanted} nodes`)
    }
    rest.splice(rest.indexOf(victim), 1)
    victims.push(victim)
    missing -= victim.size
  }
  return victims
}

async function received(bob: Person, alice: Person): Promise<string[]> {
  const messages = await bob.history(alice)
  return messages.filter(({ direction, body }) => direction === 'in' && body !== 'hello').map(({ body }) => body)
}

async function play(hooks: AfterHooks, killed: number): Promise<boolean> {
  const folder = temporaryFolder(hooks)
  const children = new Children()
  hooks.after(() => children.end())
  const groups = await startGroups(children, folder, GROUP_SIZES)
  const safe = groups[0]?.addresses ?? []
  tell(`${NODES} nodes in ${groups.length} processes`)
  const [alice, bob] = [new Person('Alice', folder, children), new Person('Bob', folder, children)]
  await Promise.all([alice.init(), bob.init()])
  await Promise.all([alice.start(safe[0] ?? ''), bob.start(safe[1] ?? '')])
  await befriend(alice, bob)

  tell('Alice and Bob are contacts; Bob is killed')
  await bob.end('SIGKILL')
  const depositMs = performance.now()
  const { stored, receipts } = await deposit(alice, bob)
  const storedMs = performance.now() - depositMs
  tell(`${stored} of ${MESSAGES} messages stored; Alice and ${killed} nodes are killed`)
  await alice.end('SIGKILL')
  const victims = drawVictims(groups, killed)
  await Promise.all(victims.map(({ process }) => process.end('SIGKILL')))

  await bob.start(safe[2] ?? '')
  tell('Bob is back')
  const returnedMs = performance.now()
  let arrivedMs = returnedMs
  let count = 0
  while (count < MESSAGES && performance.now() < returnedMs + ARRIVED_LIMIT_MS) {
    const now = (await received(bob, alice)).length
    arrivedMs = now > count ? performance.now() : arrivedMs
    count = now
    await pause(20)
  }
  await pause(LATE_MS)
  tell(`${count} messages arrived`)
  const bodies = await received(bob, alice)
  const once = new Set(bodies)
  const numbers = bodies.map((body) => Number(body.slice('message '.length)))
  const result = {
    nodes: NODES,
    killed,
    sent: MESSAGES,
    stored,
    receipts,
    arrived: once.size,
    twice: bodies.length - once.size,
    inOrder: numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? -1)),
    storedMs: Math.round(storedMs),
    collectedMs: Math.round(arrivedMs - returnedMs),
    seed,
  }
  console.log(JSON.stringify(result))
  await children.end()
  return (
    stored === MESSAGES && result.twice === 0 && result.inOrder && MESSAGES - once.size <= (LOST_MAX.get(killed) ?? 0)
  )
}

await runStandalone(PLAY_LIMIT_MS * plays.length, async (hooks) => {
  enableCompileCache()
  let passed = true
  for (const killed of plays) {
    passed = (await play(hooks, killed)) && passed
  }
  if (!passed) {
    console.error(`failed; repeat with: node test/fault/half-the-nodes.ts ${seed} ${plays}`)
  }
  return passed ? 0 : 1
})
