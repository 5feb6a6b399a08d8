import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runChild } from '../../../../sim/sweep/run-child.ts'

test('a run in a process of its own gives its summary or what it complained of, and leaves nothing behind', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'scenario.yaml')
  writeFileSync(
    file,
    'about: Open nodes.\nsource: a test\nduration: 10 min\nwarmup: 1 min\nsettle: 1 min\npopulation:\n  nodes: 10\n  classes:\n    open: { share: rest, nat: open, storage: 64 MiB }\nworkload: { people: 4, contacts: 2, messages: 10 per hour }\n',
  )
  const { signal } = new AbortController()
  const command = { file, tier: 'model', seed: 5, overrides: { 'population.nodes': 12 }, ci: false } as const
  const good = await runChild(command, folder, signal)
  assert.ok('summary' in good, JSON.stringify(good))
  assert.equal(good.summary.seed, 5)
  assert.equal(good.summary.parameters.nodes, 12)
  const bad = await runChild({ ...command, file: join(folder, 'none.yaml') }, folder, signal)
  assert.ok('problem' in bad && bad.problem.includes('none.yaml'), JSON.stringify(bad))
  assert.deepEqual(readdirSync(folder), ['scenario.yaml'])
})
