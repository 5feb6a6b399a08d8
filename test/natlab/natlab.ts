// People behind NATs of all kinds talk through real Linux boxes (network namespaces, nftables), production processes at
// both ends: the matrix of what their conversations came to, with the simulator's beside it.
// `npm run natlab [-- --trials N --others M --pairs a:b,c:d]`: N trials of pairs that have to be punched, M of the others.
// Needs root on Linux. Ends by itself and cleans up.
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { wayBetween } from '../../sim/network/nat-matrix.ts'
import { runStandalone } from '../support/standalone.ts'
import { cellLine, cellsOf, expected, faultsOf, headLine, type Trial } from './matrix.ts'
import { PLACES, type Place } from './places.ts'
import { befriend, type Pair, people, round } from './rounds.ts'
import { placeNamed, refuseWithoutNamespaces, World } from './world.ts'

/** Longer than it ever takes; then something hangs. */
const LIMIT_MS = 1_200_000
const RELAYS = 3
const SIMULATED_TRIALS = 5

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    others: { type: 'string', default: '5' },
    pairs: { type: 'string' },
  },
})

/** `a:b,c:d`; all of them by default. */
function pairsOf(text: string | undefined): readonly (readonly [Place, Place])[] {
  if (text === undefined) {
    return PLACES.flatMap((from, index) => PLACES.slice(index).map((to) => [from, to] as const))
  }
  return text.split(',').map((pair) => {
    const [from = '', to = from] = pair.split(':')
    return [placeNamed(from), placeNamed(to)]
  })
}

/** What the simulator's boxes come to for a pair. */
function simulated(from: Place, to: Place): string {
  const outcomes = Array.from({ length: SIMULATED_TRIALS }, (_value, seed) =>
    wayBetween(from.simulated, to.simulated, seed + 1),
  )
  return [...new Set(outcomes)].join(' or ')
}

function isWrong({ outcome, from, to }: Trial): boolean {
  return outcome === 'failed' || (outcome === 'relayed' && expected(placeNamed(from), placeNamed(to)) !== 'relayed')
}

/** With NATLAB_LOG=debug: what both sides said goes to the folder for temporary files. */
function keepLogs({ caller, called }: Pair, number: number): void {
  for (const node of process.env.NATLAB_LOG === undefined ? [] : [caller, called]) {
    const file = join(tmpdir(), `natlab-${number}-${node.host.name}.log`)
    writeFileSync(file, node.process.stderr)
    console.log(`what ${node.host.name} said is in ${file}`)
  }
}

await runStandalone(LIMIT_MS, async (hooks) => {
  refuseWithoutNamespaces('natlab')
  const startMs = performance.now()
  const pairs = pairsOf(values.pairs)
  const world = await World.open(hooks, RELAYS)
  const met = await people(world, pairs)
  await befriend(met)
  const seconds = (): string => `${((performance.now() - startMs) / 1_000).toFixed(0)} s`
  console.log(`${pairs.length} pairs are friends after ${seconds()}`)
  const trials: Trial[] = []
  for (let number = 1; number <= Number(values.trials); number++) {
    const tried = met.filter(({ from, to }) => number <= Number(values.others) || expected(from, to) === 'punched')
    const made = tried.length === 0 ? [] : await round(tried, number % 2 === 1 ? 'caller' : 'called')
    trials.push(...made)
    const bad = made.filter(isWrong)
    console.log(
      `round ${number} of ${values.trials} after ${seconds()}${bad.map(({ from, to, outcome }) => `, ${from}:${to} ${outcome}`).join('')}`,
    )
    for (const { from, to } of bad) {
      keepLogs(met.find((pair) => pair.from.name === from && pair.to.name === to)!, number)
    }
  }
  console.log(headLine())
  const faults: string[] = []
  for (const cell of cellsOf(trials)) {
    const [from, to] = [placeNamed(cell.from), placeNamed(cell.to)]
    console.log(cellLine(cell, simulated(from, to)))
    faults.push(...faultsOf(cell, expected(from, to)))
  }
  console.log(
    `message, direct: median / longest since the start of the node that writes; ${trials.length} trials in ${seconds()}`,
  )
  for (const fault of faults) {
    console.log(`WRONG: ${fault}`)
  }
  return faults.length === 0 ? 0 : 1
})
