/**
 * What the stack tier costs: 100 nodes that have joined and do nothing but their own maintenance (aims: 5,000 simulated
 * node-seconds a CPU second, 1 MB a node), and what 200 nodes for 24 h of `churn-ipfs-2022` would take, from its first
 * hours (aim: 60 CPU min).
 *
 *     node --import ./sim/time/preload.ts test/bench/sim-stack.ts [idle nodes, default 100] \
 *         [simulated minutes of churn-ipfs-2022 after its warm-up, default 20; 0 leaves it out]
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RunObserver } from '../../sim/results/results.ts'
import { findScenario } from '../../sim/scenario/find-scenario.ts'
import { readScenario } from '../../sim/scenario/read-scenario.ts'
import type { Scenario } from '../../sim/scenario/scenario.ts'
import { StackRun } from '../../sim/stack/stack-run.ts'
import { virtualTime } from '../../sim/time/virtual-time.ts'

const MB = 1e6
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Joining, and the table refreshes of kad-dht that follow. */
const WARM_UP_MS: number = 20 * MINUTE_MS
const IDLE_MS: number = 20 * MINUTE_MS
const CHURN_NODES = 200
const SEED = 1

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Live objects and buffers, in bytes. */
function liveBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Plays `scenario` and calls `at` when the simulated times of `momentsMs` have come; ends at the last of them. */
async function play(scenario: Scenario, momentsMs: readonly number[], at: (nowMs: number) => void): Promise<void> {
  const time = virtualTime()
  const end = new AbortController()
  const waiting = [...momentsMs]
  const observer: RunObserver = {
    trace: () => {},
    progress: (nowMs) => {
      while (waiting[0] !== undefined && nowMs >= waiting[0]) {
        at(nowMs)
        waiting.shift()
      }
      if (waiting.length === 0) {
        end.abort()
      }
    },
  }
  await time.drive(SEED, () => new StackRun(time, { scenario, seed: SEED, observer, signal: end.signal }).play())
}

async function idle(nodes: number): Promise<void> {
  const base = readScenario(findScenario('churn-ipfs-2022'), { tier: 'stack' }).scenario
  const scenario: Scenario = {
    ...base,
    nodes,
    // The first class never leaves.
    classes: base.classes.slice(0, 1).map((only) => ({ ...only, share: 1 })),
    warmupMs: WARM_UP_MS,
    durationMs: 2 * IDLE_MS,
    workload: { ...base.workload, people: 0, lookupsPerNodePerHour: 0 },
  }
  const emptyBytes = liveBytes()
  const startCpu = cpuSeconds()
  let joined = 0
  await play(scenario, [WARM_UP_MS, WARM_UP_MS + IDLE_MS], (nowMs) => {
    if (joined === 0) {
      joined = cpuSeconds()
      const ms = (1_000 * (joined - startCpu)) / nodes
      console.log(`${nodes} nodes joined: ${ms.toFixed(0)} CPU ms a node, with ${WARM_UP_MS / MINUTE_MS} min`)
      return
    }
    const rate = (nodes * IDLE_MS) / 1_000 / (cpuSeconds() - joined)
    const perNode = (liveBytes() - emptyBytes) / nodes / MB
    console.log(`idle: ${Math.round(rate).toLocaleString('en')} node-seconds a CPU second (aim: 5,000)`)
    console.log(`memory: ${perNode.toFixed(2)} MB a node live (aim: 1), at ${(nowMs / MINUTE_MS).toFixed(0)} min`)
  })
  const peak = process.resourceUsage().maxRSS * 1_024
  console.log(`peak of the process: ${(peak / MB).toFixed(0)} MB, with garbage and the program`)
}

async function churn(minutes: number): Promise<void> {
  const overrides = { 'population.nodes': CHURN_NODES }
  const { scenario } = readScenario(findScenario('churn-ipfs-2022'), { tier: 'stack', overrides })
  const { warmupMs, durationMs, settleMs } = scenario
  const startCpu = cpuSeconds()
  let warm = 0
  await play(scenario, [warmupMs, warmupMs + minutes * MINUTE_MS], () => {
    if (warm === 0) {
      warm = cpuSeconds() - startCpu
      return
    }
    const slope = (cpuSeconds() - startCpu - warm) / (minutes * MINUTE_MS)
    const whole = (warm + slope * (durationMs + settleMs)) / 60
    const rate = CHURN_NODES / 1_000 / slope
    console.log(`churn-ipfs-2022, ${CHURN_NODES} nodes: ${warm.toFixed(0)} CPU s until the end of the warm-up,`)
    console.log(`  then ${Math.round(rate).toLocaleString('en')} node-seconds a CPU second over ${minutes} min`)
    console.log(`  extrapolated to ${durationMs / HOUR_MS} h: ${whole.toFixed(0)} CPU min (aim: 60)`)
  })
}

await idle(Number(process.argv[2] ?? 100))
const minutes = Number(process.argv[3] ?? 20)
if (minutes > 0) {
  await churn(minutes)
}
process.exit()
