/**
 * Hostile clients and peers against a real `kabber start`: rows X1 to X18 of the security list and the rest of "bad input", each
 * printed with what was sent, what must happen and what happened. Run: node test/fault/hostile-clients.ts [seed] [part of an id]
 */
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { AfterHooks } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import { doorRows } from './hostile/door-rows.ts'
import { floodRows, neverReadsRow } from './hostile/flood-rows.ts'
import { HostileNode } from './hostile/hostile-node.ts'
import { killRow } from './hostile/kill-row.ts'
import { loginRows } from './hostile/login-rows.ts'
import { memoryRow } from './hostile/memory-row.ts'
import { peerRows } from './hostile/peer-rows.ts'
import { concludeRows, type Outcome, type Row, tryRows } from './hostile/row.ts'
import { valueRows } from './hostile/value-rows.ts'
import { VictimNode } from './hostile/world.ts'
import { xmlRows } from './hostile/xml-rows.ts'

/** It takes about 70 s on two cores that do nothing else. */
const LIMIT_MS = 300_000

const seed = process.argv[2] ?? String(Math.floor(performance.timeOrigin) % 1_000_000)
const only = process.argv[3]
const random = new SeededRandom(seed)
const command = `node test/fault/hostile-clients.ts ${seed}`

async function main(hooks: AfterHooks): Promise<number> {
  console.log(`repeat with: ${command}`)
  const startMs = performance.now()
  // Each play has nodes of its own: what one costs is not to be another's fault. Two cores are there.
  const [others, own] = [beside(hooks), manners(hooks)]
  const outcomes = [...(await own), ...(await others)]
  return concludeRows(outcomes, startMs, command)
}

function wanted({ id }: Row): boolean {
  return only === undefined || only.split(',').some((part) => id.includes(part))
}

/** A node with these accounts that tries these rows, unless none of them is wanted. */
async function play(
  hooks: AfterHooks,
  users: readonly string[],
  rows: (node: VictimNode) => readonly Row[],
): Promise<Outcome[]> {
  const node = await VictimNode.start(hooks, users)
  const outcomes = await tryRows(node, rows(node).filter(wanted))
  await node.end('SIGTERM')
  return outcomes
}

/** What is not fit to be said, and what is too much, to one node. */
async function manners(hooks: AfterHooks): Promise<Outcome[]> {
  const hostile = new HostileNode()
  const node = await VictimNode.start(hooks, ['alice', 'carol'])
  await hostile.start(hooks, node)
  const rows: Row[] = [
    ...doorRows(node, random),
    ...xmlRows(node),
    ...loginRows(node),
    ...valueRows(node),
    ...peerRows(node, hostile),
    ...floodRows(node),
  ]
  return await tryRows(node, rows.filter(wanted))
}

/** What takes its time. */
async function beside(hooks: AfterHooks): Promise<Outcome[]> {
  const memory = play(hooks, ['alice'], (node) => [memoryRow(node)])
  const killed = await play(hooks, ['alice', 'carol'], (node) => [killRow(node, random)])
  const unread = await neverReads(hooks)
  return [...(await memory), ...killed, ...unread]
}

async function neverReads(hooks: AfterHooks): Promise<Outcome[]> {
  const node = await VictimNode.start(hooks, ['alice'])
  const sender = await VictimNode.start(hooks, ['bob'], ['--bootstrap', node.addresses[0] ?? ''])
  return await tryRows(node, [neverReadsRow(node, sender)].filter(wanted))
}

await runStandalone(LIMIT_MS, main)
