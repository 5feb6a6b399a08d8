import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunResult } from '../../../../sim/results/results.ts'
import { onVirtualTime } from '../../../support/sim-child.ts'

/** Four people behind boxes of one kind and six nodes in the open write to each other for two minutes. */
async function runs(nat: string, faults = '[]'): Promise<RunResult> {
  const out = await onVirtualTime(`
import { natChain } from './sim/nat/presets.ts'
import { stackTier } from './sim/stack/stack-tier.ts'
import { STEADY_CLASS, stackScenario } from './test/support/stack-scenario.ts'
const open = { ...STEADY_CLASS, name: 'open', share: 0.6, people: false }
const homes = { ...STEADY_CLASS, name: 'homes', share: 0.4, nat: natChain('${nat}'), storageBytes: 0 }
const scenario = stackScenario({ warmupMs: 150_000, durationMs: 120_000, classes: [open, homes], faults: ${faults}, sampleEveryMs: 10_000 })
const observer = { progress: () => {}, trace: () => {} }
const result = await stackTier({ scenario, seed: 1, observer, signal: new AbortController().signal })
process.stdout.write(JSON.stringify(result), () => process.exit(0))`)
  return JSON.parse(out) as RunResult
}

function cell(result: RunResult, from: string, to: string): RunResult['natMatrix'][number] | undefined {
  return result.natMatrix.find((other) => other.from === from && other.to === to)
}

test('people behind home routers meet through a relay and then punch: nearly all links are straight', async () => {
  const result = await runs('home')
  assert.deepEqual(result.violations, [])
  assert.equal(result.metrics.delivered_share, 1)
  assert.ok(result.metrics.punched_share > 0.9, `punched: ${result.metrics.punched_share}`)
  assert.ok((cell(result, 'home', 'home')?.punched ?? 0) > 0)
  assert.ok((cell(result, 'home', 'home')?.relayed ?? 0) > 0, 'they met without a relay')
})

test('where every destination has another port the relay carries on; when half of the relays die others are found in 30 s and nothing is lost', async () => {
  const faults = `[{ kind: 'kill', atMs: 180_000, share: 0.5, className: 'open', returnAfterMs: undefined }]`
  const [first, again] = await Promise.all([runs('symmetric', faults), runs('symmetric', faults)])
  assert.equal(first.traceHash, again.traceHash)
  assert.deepEqual(first.violations, [])
  assert.equal(first.metrics.lost, 0)
  assert.equal(first.metrics.delivered_share, 1)
  assert.equal(first.metrics.punched_share, 0)
  assert.equal(first.metrics.relayed_share, 1)
  assert.ok(first.metrics.relay_gap_max_ms <= 30_000, `${first.metrics.relay_gap_max_ms} ms without two relays`)
})

test('a router that maps ports on request makes its node reachable: nothing is relayed or punched', async () => {
  const { metrics, natMatrix } = await runs('upnp')
  assert.equal(metrics.delivered_share, 1)
  assert.equal(metrics.relayed_share + metrics.punched_share, 0)
  assert.ok(natMatrix.some(({ from, to, direct }) => from === 'upnp' && to === 'upnp' && direct > 0))
})
