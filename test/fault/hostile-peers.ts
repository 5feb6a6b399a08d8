/**
 * Hostile peers against a real `kabber start`: rows L1 to L4 and L9 of the security list, each printed with what was sent, what
 * must happen and what happened. Run: node test/fault/hostile-peers.ts [seed] [part of an id]
 */
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { AfterHooks } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import { concludeRows, type Outcome, type Row, tryRows } from './hostile/row.ts'
import { VictimNode } from './hostile/world.ts'
import { Attackers } from './hostile-peers/attackers.ts'
import { crowdRow } from './hostile-peers/crowd-row.ts'
import { deafRow } from './hostile-peers/deaf-row.ts'
import { hearsayRows } from './hostile-peers/hearsay-rows.ts'
import { keyRow } from './hostile-peers/key-row.ts'
import { mutationRows } from './hostile-peers/mutation-rows.ts'

/** It takes about a minute on two cores that do nothing else. */
const LIMIT_MS = 300_000

const seed = process.argv[2] ?? String(Math.floor(performance.timeOrigin) % 1_000_000)
const only = process.argv[3]
const command = `node test/fault/hostile-peers.ts ${seed}`

async function main(hooks: AfterHooks): Promise<number> {
  console.log(`repeat with: ${command}`)
  const startMs = performance.now()
  const random = new SeededRandom(seed)
  const outcomes: Outcome[] = []
  const play = async (rows: (node: VictimNode, attackers: Attackers) => readonly Row[]): Promise<void> => {
    const node = await VictimNode.start(hooks, ['alice'])
    const attackers = new Attackers(hooks, node)
    outcomes.push(...(await tryRows(node, rows(node, attackers).filter(isWanted))))
    await node.end('SIGTERM')
  }
  // What one costs is not to be another's fault: nodes of their own for what is measured.
  await play((node, attackers) => [
    keyRow(attackers),
    deafRow(node, attackers),
    ...mutationRows({ node, attackers, random }),
    ...hearsayRows(hooks),
  ])
  await play((node, attackers) => [crowdRow(node, attackers)])
  return concludeRows(outcomes, startMs, command)
}

function isWanted({ id }: Row): boolean {
  return only === undefined || only.split(',').some((part) => id.includes(part))
}

await runStandalone(LIMIT_MS, main)
