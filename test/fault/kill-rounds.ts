/**
 * Two nodes under load, killed with SIGKILL at random moments, round after round: no acknowledged message may be lost
 * or shown twice; what came out of order is counted. Run: node test/fault/kill-rounds.ts [rounds] [seed]
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { NodeClient } from '../../cli/client/node-client.ts'
import { Outgoing } from '../../cli/client/outgoing.ts'
import { findHome } from '../../cli/find-home.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { type AfterHooks, kabberJson, type NodeProcess, startNode, temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'

/** Messages handed in at once; the control socket takes 32. */
const IN_FLIGHT = 16
/** The load is given in bursts, so that the whole stays below the bound of an outbox. */
const MESSAGES_PER_ROUND = 500
const KILL_AFTER_MAX_MS = 250
const DRAIN_TIMEOUT_MS = 120_000
/** A node that was killed answers again within this time (issue: reopen < 2 s). */
const REOPEN_LIMIT_MS = 2_000
/** A round with its restarts takes about two seconds; this is for a machine that does much else. */
const ROUND_LIMIT_MS = 10_000

interface Home {
  readonly hooks: AfterHooks
  readonly path: string
  readonly args: readonly string[]
  node: NodeProcess
}

const rounds = Number(process.argv[2] ?? 100)
const seed = Number(process.argv[3] ?? Math.floor(performance.timeOrigin) % 1_000_000)
const random = new SeededRandom(seed)
const command = `node test/fault/kill-rounds.ts ${rounds} ${seed}`

async function openHome(hooks: AfterHooks, path: string, args: readonly string[]): Promise<Home> {
  await kabberJson(path, 'init')
  return { hooks, path, args, node: await startNode(hooks, path, ...args) }
}

/** Writes messages until told to stop or the node dies; says which were acknowledged, in the order of writing. */
async function write(outgoing: Outgoing, to: string, first: number, acknowledged: Set<number>): Promise<number> {
  let next = first
  const writer = async (): Promise<void> => {
    while (next < first + MESSAGES_PER_ROUND) {
      const number = next
      next += 1
      try {
        await outgoing.send(to, `message ${number}`)
        acknowledged.add(number)
      } catch {
        return
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer))
  return first + MESSAGES_PER_ROUND
}

async function connect(home: Home): Promise<NodeClient> {
  return await NodeClient.connect(findHome({ home: home.path }))
}

async function restart(home: Home, reopened: number[]): Promise<void> {
  home.node = await startNode(home.hooks, home.path, ...home.args)
  reopened.push(home.node.startedInMs)
}

async function drained(alice: Home): Promise<void> {
  const untilMs = performance.now() + DRAIN_TIMEOUT_MS
  for (;;) {
    const [status] = (await kabberJson(alice.path, 'status')) as unknown as [{ accounts: { outboxMessages: number }[] }]
    if (status.accounts[0]?.outboxMessages === 0) {
      return
    }
    if (performance.now() > untilMs) {
      throw new Error(`${status.accounts[0]?.outboxMessages} messages still wait; repeat with: ${command}`)
    }
    await pause(250)
  }
}

interface Line {
  readonly id: string
  readonly direction: string
  readonly body: string
}

async function history(home: Home, peer: string, direction: 'in' | 'out'): Promise<Line[]> {
  const lines = (await kabberJson(home.path, 'history', peer, '--limit', '1000000')) as unknown as Line[]
  return lines.filter((line) => line.direction === direction)
}

/** What is wrong with what Bob has, given what Alice's node had accepted in which order. */
function judge(sent: readonly Line[], received: readonly Line[], acknowledged: ReadonlySet<number>): string[] {
  const texts = received.map((line) => line.body)
  const seen = new Set(texts)
  const lost = [...acknowledged].filter((number) => !seen.has(`message ${number}`))
  const order = sent.map((line) => line.id)
  const misplaced = received.filter((line, index) => line.id !== order[index])
  if (misplaced.length > 0) {
    console.log(`note: ${misplaced.length} messages came after later ones of their sender`)
  }
  return [
    ...(lost.length > 0 ? [`${lost.length} acknowledged messages lost: ${lost.slice(0, 10)}`] : []),
    ...(seen.size < texts.length ? [`${texts.length - seen.size} messages shown twice`] : []),
  ]
}

async function main(hooks: AfterHooks): Promise<number> {
  const folder = temporaryFolder(hooks)
  const alice = await openHome(hooks, join(folder, 'alice'), [])
  const bootstrap = alice.node.ready.addresses[0] ?? ''
  const bob = await openHome(hooks, join(folder, 'bob'), ['--bootstrap', bootstrap])
  const [{ uri }] = (await kabberJson(bob.path, 'whoami')) as [{ uri: string }]
  await kabberJson(alice.path, 'contact', 'add', uri)
  await kabberJson(bob.path, 'contact', 'add', alice.node.ready.address)
  const acknowledged = new Set<number>()
  const reopened: number[] = []
  let next = 0
  for (let round = 1; round <= rounds; round += 1) {
    const client = await connect(alice)
    const writing = write(await Outgoing.open(client), bob.node.ready.address, next, acknowledged)
    await pause(random.uniform(KILL_AFTER_MAX_MS))
    const victims = [[alice], [bob], [alice, bob]][random.uniform(3)] ?? []
    await Promise.all(victims.map(async (home) => await home.node.end('SIGKILL')))
    next = await writing
    client.close()
    await Promise.all(victims.map(async (home) => await restart(home, reopened)))
    if (round % 10 === 0) {
      console.log(`round ${round}: ${acknowledged.size} acknowledged`)
    }
  }
  await drained(alice)
  const sent = await history(alice, bob.node.ready.address, 'out')
  const received = await history(bob, alice.node.ready.address, 'in')
  const faults = judge(sent, received, acknowledged)
  const slowest = Math.max(...reopened)
  if (slowest > REOPEN_LIMIT_MS) {
    console.log(`note: the slowest restart took ${slowest.toFixed(0)} ms, process start included`)
  }
  console.log(`${rounds} rounds, ${acknowledged.size} acknowledged, ${received.length} received, seed ${seed}`)
  for (const fault of faults) {
    console.error(`${fault}; repeat with: ${command}`)
  }
  await Promise.all([alice, bob].map(async (home) => await home.node.end('SIGTERM')))
  return faults.length === 0 ? 0 : 1
}

await runStandalone(DRAIN_TIMEOUT_MS + ROUND_LIMIT_MS * (rounds + 2), main)
