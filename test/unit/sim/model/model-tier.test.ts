import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelTier } from '../../../../sim/model/model-tier.ts'
import type { RunResult } from '../../../../sim/results/results.ts'
import type { Scenario } from '../../../../sim/scenario/scenario.ts'
import { nodeClass, quietScenario } from './small-world.ts'

const MINUTE_MS = 60_000

/** Thirty people on sixty nodes who write to each other and go away now and then. */
function lively(changes: Partial<Scenario> = {}): Scenario {
  return quietScenario(60, {
    durationMs: 60 * MINUTE_MS,
    warmupMs: 5 * MINUTE_MS,
    settleMs: 20 * MINUTE_MS,
    sampleEveryMs: 5 * MINUTE_MS,
    workload: {
      people: 30,
      contactsPerPerson: 4,
      messagesPerPersonPerHour: 10,
      messageBytes: 400,
      offline: { share: 0.3, forLaw: { law: 'exponential', meanMs: 10 * MINUTE_MS } },
      lookupsPerNodePerHour: 2,
    },
    ...changes,
  })
}

async function play(scenario: Scenario, seed = 1): Promise<RunResult> {
  const observer = { progress: () => {}, trace: () => {} }
  return await modelTier({ scenario, seed, observer, signal: new AbortController().signal })
}

function assertAllArrived({ metrics, violations }: RunResult): void {
  assert.deepEqual(violations, [])
  assert.equal(metrics.delivered_share, 1)
  assert.equal(metrics.delivered_twice, 0)
  assert.equal(metrics.lost, 0)
}

test('the same seed gives the same run, another seed another one', async () => {
  const [one, again, other] = [await play(lively(), 7), await play(lively(), 7), await play(lively(), 8)]
  assert.deepEqual(again, one)
  assert.notEqual(other.traceHash, one.traceHash)
})

test('everything arrives once when people go away and come back', async () => {
  const result = await play(lively())
  assertAllArrived(result)
  const { metrics } = result
  assert.ok(metrics.messages_sent > 100)
  assert.ok(metrics.stored_p50_ms > 0, 'what was written to the absent was stored')
  assert.equal(metrics.lookup_found_share, 1)
  assert.ok(metrics.replicas_mean >= 6)
})

test('everything arrives though a third of the nodes crash at once and never come back', async () => {
  const kill = {
    kind: 'kill',
    atMs: 30 * MINUTE_MS,
    share: 0.33,
    returnAfterMs: undefined,
    className: 'holders',
  } as const
  const classes = [{ ...nodeClass('people', 0.5) }, { ...nodeClass('holders', 0.5), people: false }]
  assertAllArrived(await play(lively({ classes, faults: [kill] })))
})

test('everything arrives after a partition heals', async () => {
  const partition = { kind: 'partition', atMs: 20 * MINUTE_MS, forMs: 20 * MINUTE_MS, share: 0.4 } as const
  assertAllArrived(await play(lively({ faults: [partition] })))
})

test('between people behind NATs everything goes by letter', async () => {
  const classes = [{ ...nodeClass('open', 0.5), people: false }, nodeClass('home', 0.5, true)]
  const result = await play(lively({ classes }))
  assertAllArrived(result)
  assert.equal(result.metrics.letters_share, 1)
  assert.ok(result.natMatrix.some(({ from, to, failed }) => from === 'home' && to === 'home' && failed > 0))
})

test('nodes that throw letters away near a mailbox make messages late at worst', async () => {
  const sybils = { kind: 'sybils', atMs: 6 * MINUTE_MS, nodes: 20, target: 'mailbox', behaviour: 'drop' } as const
  const result = await play(lively({ faults: [sybils] }))
  assertAllArrived(result)
  assert.equal(result.nodes.filter((node) => node.class === 'sybil').length, 20)
})

test('churn with lost disks loses nothing whose ends kept theirs', async () => {
  const churn = {
    session: { law: 'exponential', meanMs: 20 * MINUTE_MS },
    absence: { law: 'exponential', meanMs: 10 * MINUTE_MS },
    crashShare: 0.5,
    diskShare: 0.5,
    diurnal: 1,
    trace: undefined,
  } as const
  const classes = [nodeClass('people', 0.5), { ...nodeClass('visitors', 0.5), people: false, churn }]
  const result = await play(lively({ classes }))
  assertAllArrived(result)
  assert.ok(result.nodes.some(({ sessions }) => sessions > 1))
})

test('letters that are too large, or that custodians have no room for, are refused as in production, and wait for both ends', async () => {
  const base = lively()
  const tooLarge = await play({ ...base, workload: { ...base.workload, messageBytes: 65_536 } })
  assertAllArrived(tooLarge)
  assert.equal(tooLarge.metrics.letters_share, 0)
  const tiny = base.classes.map((one) => ({ ...one, storageBytes: 20_000 }))
  assertAllArrived(await play({ ...base, classes: tiny }))
})

test('a run that is called off leaves what there is', async () => {
  const controller = new AbortController()
  const observer = {
    progress: (simulatedMs: number) => (simulatedMs > 0 ? controller.abort() : undefined),
    trace: () => {},
  }
  const scenario = lively({ durationMs: 24 * 60 * MINUTE_MS })
  const result = await modelTier({ scenario, seed: 1, observer, signal: controller.signal })
  assert.equal(result.isPartial, true)
  assert.ok(result.simulatedMs > 0 && result.simulatedMs < 24 * 60 * MINUTE_MS)
  assert.ok(result.samples.length > 0)
})

test('starts, crashes, messages written and delivered are told for the trace', async () => {
  const told: { readonly t_ms: number; readonly kind: string }[] = []
  const observer = { progress: () => {}, trace: (event: { t_ms: number; kind: string }) => void told.push(event) }
  const { metrics } = await modelTier({ scenario: lively(), seed: 1, observer, signal: new AbortController().signal })
  const count = (kind: string): number => told.filter((event) => event.kind === kind).length
  assert.equal(count('written'), metrics.messages_sent)
  assert.equal(count('delivered'), metrics.messages_delivered)
  assert.ok(count('starting') >= 60)
})

test('copies of letters are not measured where nobody is away', async () => {
  const base = lively()
  const { metrics } = await play({ ...base, workload: { ...base.workload, offline: undefined } })
  assert.ok(Number.isNaN(metrics.replicas_mean))
  assert.ok(Number.isNaN(metrics.replicas_min))
})
