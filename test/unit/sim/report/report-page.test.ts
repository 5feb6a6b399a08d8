import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertionOutcomes } from '../../../../sim/output/assertion-outcomes.ts'
import { runSummary } from '../../../../sim/output/run-summary.ts'
import { reportData } from '../../../../sim/report/report-data.ts'
import { reportPage } from '../../../../sim/report/report-page.ts'
import type { RunResult } from '../../../../sim/results/results.ts'
import type { Scenario } from '../../../../sim/scenario/scenario.ts'
import { emptyResult, livelyResult, plainScenario } from '../../../support/sim-run.ts'

function page(scenario: Scenario, result: RunResult): string {
  const command = { file: 's.yaml', tier: 'model', seed: 3, overrides: {}, ci: false } as const
  const outcomes = assertionOutcomes(scenario.assertions, result.metrics)
  const summary = runSummary({ scenario, command, version: '1.0.0' }, result, outcomes, {
    cpu_s: 1,
    peak_memory_bytes: 1,
  })
  return reportPage(summary, scenario, result)
}

test('the page asks nobody for anything: no source, no style sheet, no link but data', () => {
  const html = page(plainScenario(), livelyResult(500))
  // The libraries speak of `url(` and `<img`; what they do is seen in Chromium (test/sim/report-page.ts).
  const ours = html.replace(/<script>[\s\S]*?<\/script>/g, '')
  assert.doesNotMatch(ours, /<script[^>]*\ssrc=|<img|<iframe|@import|url\(/)
  assert.deepEqual(html.match(/<link[^>]*>/g), ['<link rel="icon" href="data:,">'])
  assert.match(html, /default-src &#39;none&#39;/)
})

test('what a scenario says cannot leave its place', () => {
  const evil = `</script><script>alert(1)</script><!-- "'&`
  const scenario = plainScenario({ name: evil, about: evil, source: evil, text: evil })
  const cell = { from: evil, to: evil, direct: 1, punched: 0, relayed: 0, failed: 0 }
  const html = page(scenario, emptyResult({ natMatrix: [cell], violations: [{ t_ms: 1, checker: evil, what: evil }] }))
  assert.equal(html.includes('<script>alert'), false)
  assert.equal(html.match(/<\/script>/g)?.length, 4)
  const [, data = ''] = /id="data">([^<]*)<\/script>/.exec(html) ?? []
  assert.equal(JSON.parse(data).natMatrix[0].from, evil)
})

test('the page stays small however long the run', () => {
  const small = page(plainScenario(), emptyResult()).length
  const large = page(plainScenario(), livelyResult(200_000)).length
  assert.ok(large - small < 600_000, `${large - small} characters of data`)
})

test('lines keep their ends and the share of what never arrived', () => {
  const data = reportData(plainScenario(), livelyResult(20_000))
  const all = data.delays.filter(({ series }) => series === 'all sent')
  assert.ok(all.length <= 600)
  assert.ok((all.at(-1)?.y ?? 1) < 0.98 && (all.at(-1)?.y ?? 0) > 0.95)
  assert.equal(data.delays.findLast(({ series }) => series === 'direct')?.y, 1)
  assert.equal(data.samples[0]?.t_ms, 0)
  assert.equal(data.samples.at(-1)?.t_ms, (26 * 60 - 1) * 60_000)
})

test('every node is in one bar of the traffic, whatever it sent', () => {
  const idle = { ...livelyResult(1).nodes[0]!, bytes_sent: 0, bytes_received: 0 }
  const data = reportData(plainScenario(), { ...livelyResult(10), nodes: [...livelyResult(10).nodes, idle] })
  assert.equal(
    data.load.reduce((sum, { count }) => sum + count, 0),
    201,
  )
  const alone = reportData(plainScenario(), emptyResult({ nodes: [{ ...idle, bytes_sent: 5 }] }))
  assert.deepEqual(
    alone.load.map(({ count }) => count),
    [1],
  )
})

test('the balance of an even load is the diagonal', () => {
  const [node] = livelyResult(1).nodes
  const nodes = Array.from({ length: 10 }, () => ({ ...node!, bytes_sent: 7, letters_kept: 0 }))
  const { balance } = reportData(plainScenario(), emptyResult({ nodes }))
  assert.ok(balance.every(({ series, x, y }) => series === 'bytes sent' && Math.abs(x - y) < 1e-9))
  assert.equal(balance.length, 11)
})

test('a page without passing assertions says FAILED, one without any says nothing', () => {
  const assertion = { metric: 'lost', relation: '=', value: 1, text: 'lost = 1' } as const
  assert.match(page(plainScenario({ assertions: [assertion] }), emptyResult()), /badge bad">FAILED/)
  assert.doesNotMatch(page(plainScenario(), emptyResult()), /class="badge/)
})
