/**
 * What the model tier costs: 100,000 nodes and 5,000 lookups in a simulated hour (bound: 10 CPU s and 400 MB, with set-up),
 * and 100,000 nodes in `offline-week`, whose first hours tell what 14 days would take (bound: 30 CPU min).
 *
 *     node test/bench/sim-model.ts [hours of offline-week, default 6; 0 leaves it out]
 */
import { ModelRun } from '../../sim/model/model-run.ts'
import { findScenario } from '../../sim/scenario/find-scenario.ts'
import { readScenario } from '../../sim/scenario/read-scenario.ts'
import type { Scenario } from '../../sim/scenario/scenario.ts'

const HOUR_MS = 3_600_000
const EVENTS_PER_TURN = 50_000
const MB = 1e6
const NODES = 100_000
const LOOKUPS = 5_000

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function report(what: string, cpu: number, events: number): void {
  const peak = process.resourceUsage().maxRSS * 1024
  const rate = Math.round(events / cpu).toLocaleString('en')
  console.log(
    `${what}: ${cpu.toFixed(1)} CPU s, peak ${Math.round(peak / MB)} MB, ${events.toLocaleString('en')} events, ${rate} a CPU s`,
  )
}

function lookups(): void {
  const base = readScenario(findScenario('offline-week'), { tier: 'model' }).scenario
  const scenario: Scenario = {
    ...base,
    nodes: NODES,
    classes: base.classes.slice(0, 1).map((only) => ({ ...only, share: 1 })),
    durationMs: HOUR_MS,
    warmupMs: 0,
    settleMs: 0,
    workload: { ...base.workload, people: 0, lookupsPerNodePerHour: LOOKUPS / NODES },
  }
  const startedCpu = cpuSeconds()
  const run = new ModelRun(scenario, 1)
  while (!run.advance(EVENTS_PER_TURN)) {
    // Goes on.
  }
  const { metrics, events } = run.result(false)
  report(`${NODES} nodes, ${metrics.lookups} lookups in an hour, set-up included`, cpuSeconds() - startedCpu, events)
  console.log(`  found ${(100 * metrics.lookup_found_share).toFixed(2)} %, ${metrics.lookup_hops_mean.toFixed(2)} hops`)
}

function offlineWeek(hours: number): void {
  const { scenario } = readScenario(findScenario('offline-week'), { tier: 'model' })
  const startedCpu = cpuSeconds()
  const run = new ModelRun(scenario, 1)
  const cpuAt = (untilMs: number): number => {
    while (run.kernel.nowMs < untilMs && !run.advance(EVENTS_PER_TURN)) {
      // Goes on.
    }
    return cpuSeconds() - startedCpu
  }
  const first = cpuAt((hours / 2) * HOUR_MS)
  const whole = cpuAt(hours * HOUR_MS)
  report(`offline-week, ${hours} of 360 hours`, whole, run.kernel.events)
  const perHour = (whole - first) / (hours / 2)
  const minutes = (first + perHour * (run.endMs / HOUR_MS - hours / 2)) / 60
  console.log(`  extrapolated to ${(run.endMs / HOUR_MS).toFixed(0)} hours: ${minutes.toFixed(0)} CPU min`)
}

lookups()
const hours = Number(process.argv[2] ?? 6)
if (hours > 0) {
  offlineWeek(hours)
}
