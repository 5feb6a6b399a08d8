import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelTier } from '../../../../sim/model/model-tier.ts'
import type { RunResult } from '../../../../sim/results/results.ts'
import { onVirtualTime } from '../../../support/sim-child.ts'
import { stackScenario } from '../../../support/stack-scenario.ts'

/** What a Sybil did, from the trace. */
interface Told {
  readonly letters: number
}

/** Runs the small scenario with changes given as code, and gives the result. */
async function runs(seed: number, changes = ''): Promise<RunResult & { readonly told: readonly Told[] }> {
  const out = await onVirtualTime(`
import { stackTier } from './sim/stack/stack-tier.ts'
import { STEADY_CLASS, stackScenario } from './test/support/stack-scenario.ts'
const told = []
const observer = { progress: () => {}, trace: (event) => void (event.kind === 'sybil' && told.push(event)) }
const signal = new AbortController().signal
const result = await stackTier({ scenario: stackScenario({ warmupMs: 60_000, durationMs: 60_000, ${changes} }), seed: ${seed}, observer, signal })
process.stdout.write(JSON.stringify({ ...result, told }), () => process.exit(0))`)
  return JSON.parse(out)
}

test('ten nodes and four people: the same seed gives the same trace, another one another', async () => {
  const [first, again, other] = await Promise.all([runs(1), runs(1), runs(2)])
  assert.deepEqual(first, again)
  assert.notEqual(first.traceHash, other.traceHash)
  assert.ok(first.metrics.messages_sent > 0)
  assert.equal(first.metrics.delivered_share, 1)
  assert.equal(first.metrics.lookup_found_share, 1)
  assert.deepEqual(first.violations, [])
})

test('the model plays what the stack plays: the same people write to the same contacts at the same times', async () => {
  const observer = { progress: () => {}, trace: () => {} }
  const scenario = stackScenario({ warmupMs: 60_000, durationMs: 60_000 })
  const { signal } = new AbortController()
  const [stack, model] = await Promise.all([runs(1), modelTier({ scenario, seed: 1, observer, signal })])
  const written = ({ messages }: Pick<RunResult, 'messages'>): string[] =>
    messages.map(({ sent_ms, from, to }) => `${sent_ms} ${from} ${to}`).sort()
  assert.deepEqual(written(model), written(stack))
})

test('half of the nodes lose power, the rest is cut in two and slow: what was accepted arrives, and twice the same way', async () => {
  const rough = `
    classes: [{ ...STEADY_CLASS, churn: { ...STEADY_CLASS.churn, session: { law: 'exponential', meanMs: 300_000 }, crashShare: 0.5, diskShare: 0.8 } }],
    faults: [
      { kind: 'kill', atMs: 65_000, share: 0.5, returnAfterMs: 20_000, className: undefined },
      { kind: 'partition', atMs: 80_000, forMs: 15_000, share: 0.4 },
      { kind: 'degrade', atMs: 100_000, forMs: 20_000, latencyTimes: 4, loss: 0.02 },
      { kind: 'flash-crowd', atMs: 110_000, nodes: 3, withinMs: 10_000 },
    ],
    workload: { offline: { share: 0.3, forLaw: { law: 'exponential', meanMs: 60_000 } } },
  `
  const [first, again] = await Promise.all([runs(3, rough), runs(3, rough)])
  assert.equal(first.traceHash, again.traceHash)
  assert.deepEqual(first.violations, [])
  assert.equal(first.metrics.lost, 0)
  assert.equal(first.nodes.length, 13)
})

test('Sybils take the place of a mailbox: they swallow its letters, and yet every message arrives, twice the same way', async () => {
  const besieged = `
    warmupMs: 120_000,
    durationMs: 240_000,
    faults: [{ kind: 'sybils', atMs: 90_000, nodes: 5, target: 'mailbox', behaviour: 'lie' }],
    workload: { offline: { share: 0.4, forLaw: { law: 'exponential', meanMs: 60_000 } } },
  `
  const [first, again] = await Promise.all([runs(4, besieged), runs(4, besieged)])
  assert.equal(first.traceHash, again.traceHash)
  assert.deepEqual(first.violations, [])
  assert.equal(first.metrics.lost, 0)
  assert.equal(first.metrics.delivered_share, 1)
  assert.equal(first.nodes.filter((row) => row.class === 'sybil').length, 5)
  assert.ok(
    first.told.some(({ letters }) => letters > 0),
    'no Sybil was ever given a letter',
  )
})
