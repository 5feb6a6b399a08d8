import assert from 'node:assert/strict'
import fs, { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { OutputError } from '../../../../sim/output/output-error.ts'
import { RunFolder, type RunHead } from '../../../../sim/output/run-folder.ts'
import type { RunSummary } from '../../../../sim/output/run-summary.ts'
import { emptyResult, livelyResult, plainMetrics, plainScenario } from '../../../support/sim-run.ts'

const RESOURCES = { cpu_s: 1.5, peak_memory_bytes: 1_000_000 }

const HEAD: RunHead = {
  scenario: plainScenario({
    assertions: [
      { metric: 'delivered_share', relation: '>=', value: 0.9, text: 'delivered_share >= 90 %' },
      { metric: 'lost', relation: '=', value: 0, text: 'lost = 0' },
      { metric: 'replicas_min', relation: '>=', value: 1, text: 'replicas_min >= 1' },
    ],
  }),
  command: {
    file: 'a file.yaml',
    tier: 'model',
    seed: 7,
    overrides: { 'population.nodes': 60, 'workload.size': '1 KiB' },
    ci: true,
  },
  version: '9.9.9',
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function readRun(folder: string): RunSummary {
  return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
}

async function readTable(folder: string, name: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(join(folder, name))
  return await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  })
}

test('a run leaves its folder: what ran, what came of it, the tables, the trace and the page', async (t) => {
  const path = join(scratch(t), 'deep/run')
  const run = new RunFolder(path, HEAD)
  run.trace({ t_ms: 5, kind: 'join', node: 3 })
  run.trace({ t_ms: 6, kind: 'leave', node: 3 })
  const result = livelyResult(300)
  const summary = run.finish(result, RESOURCES)
  assert.deepEqual(readdirSync(path).sort(), [
    'lookups.parquet',
    'messages.parquet',
    'metrics.csv',
    'nodes.parquet',
    'report.html',
    'run.json',
    'samples.parquet',
    'trace.jsonl',
  ])
  const written = readRun(path)
  assert.deepEqual(written, JSON.parse(JSON.stringify(summary)))
  assert.equal(
    written.command,
    "kabber sim run 'a file.yaml' --tier model --seed 7 --ci --nodes 60 --set 'workload.size=1 KiB'",
  )
  assert.equal(written.isPartial, false)
  assert.equal(written.version, '9.9.9')
  assert.equal(written.scenarioText, HEAD.scenario.text)
  assert.deepEqual(written.resources, RESOURCES)
  assert.deepEqual(
    written.assertions.map(({ passed, value }) => [passed, value]),
    [
      [true, 0.97],
      [true, 0],
      [false, null],
    ],
  )
  assert.equal(written.metrics.replicas_min, null)
  assert.deepEqual(await readTable(path, 'messages.parquet'), result.messages)
  assert.deepEqual(await readTable(path, 'nodes.parquet'), result.nodes)
  assert.deepEqual(await readTable(path, 'lookups.parquet'), result.lookups)
  assert.deepEqual(await readTable(path, 'samples.parquet'), result.samples)
  const lines = readFileSync(join(path, 'metrics.csv'), 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, result.samples.length + 1)
  assert.equal(
    readFileSync(join(path, 'trace.jsonl'), 'utf8'),
    '{"n":0,"t_ms":5,"kind":"join","node":3}\n{"n":1,"t_ms":6,"kind":"leave","node":3}\n',
  )
})

test('the same run gives the same bytes', (t) => {
  const folder = scratch(t)
  const [one, other] = ['one', 'other'].map((name) => {
    const path = join(folder, name)
    new RunFolder(path, HEAD).finish(livelyResult(200), RESOURCES)
    return readdirSync(path).map((file) => readFileSync(join(path, file)).toString('base64'))
  })
  assert.deepEqual(one, other)
})

test('tables without a row are tables', async (t) => {
  const path = join(scratch(t), 'empty')
  new RunFolder(path, HEAD).finish(emptyResult({ metrics: plainMetrics() }), RESOURCES)
  for (const name of ['messages', 'nodes', 'lookups', 'samples']) {
    assert.deepEqual(await readTable(path, `${name}.parquet`), [])
  }
})

test('a run that was killed leaves what it was and the trace so far, and says that it is partial', (t) => {
  const path = join(scratch(t), 'killed')
  const run = new RunFolder(path, HEAD)
  for (let t_ms = 0; t_ms < 5_000; t_ms++) {
    run.trace({ t_ms, kind: 'tick' })
  }
  const written = readRun(path)
  assert.equal(written.isPartial, true)
  assert.equal(written.seed, 7)
  assert.ok(readFileSync(join(path, 'trace.jsonl'), 'utf8').split('\n').length > 1_000)
  run.close()
})

test('a run that was interrupted says so', (t) => {
  const path = join(scratch(t), 'interrupted')
  new RunFolder(path, HEAD).finish(emptyResult({ isPartial: true }), RESOURCES)
  assert.equal(readRun(path).isPartial, true)
  assert.match(readFileSync(join(path, 'report.html'), 'utf8'), /interrupted: partial results/)
})

test('a folder that is not empty, is a file or cannot be written is refused in one line, and left as it was', (t) => {
  const folder = scratch(t)
  mkdirSync(join(folder, 'full'))
  writeFileSync(join(folder, 'full/run.json'), 'mine')
  writeFileSync(join(folder, 'file'), 'mine')
  const refused: [string, RegExp][] = [
    [join(folder, 'full'), /full: the output folder is not empty/],
    [join(folder, 'file'), /file: the output folder is a file/],
    [join(folder, 'file/below'), /below: the output folder cannot be (read|written): ENOTDIR/],
    ['/proc/kabber', /\/proc\/kabber: the output folder cannot be written: E/],
  ]
  for (const [path, complaint] of refused) {
    assert.throws(
      () => new RunFolder(path, HEAD),
      (error) => error instanceof OutputError && complaint.test(error.message) && !error.message.includes('\n'),
    )
  }
  assert.equal(readFileSync(join(folder, 'full/run.json'), 'utf8'), 'mine')
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(join(folder, 'full')), ['run.json'])
})

test('of two runs that found the same folder empty one has it; the other is refused, and changes nothing', (t) => {
  const path = scratch(t)
  // As it is when the other one has begun after our look.
  const isEmptyOnce = { ...HEAD, command: { ...HEAD.command, seed: 8 } }
  const run = new RunFolder(path, HEAD)
  t.after(() => run.close())
  const read = t.mock.method(fs, 'readdirSync', () => [], { times: 1 })
  syncBuiltinESMExports()
  t.after(syncBuiltinESMExports)
  assert.throws(() => new RunFolder(path, isEmptyOnce), /another run has begun in the output folder/)
  assert.equal(read.mock.callCount(), 1)
  assert.equal(readRun(path).seed, 7)
})

test('an empty folder that is there is taken', (t) => {
  const path = scratch(t)
  chmodSync(path, 0o700)
  new RunFolder(path, HEAD).finish(emptyResult(), RESOURCES)
  assert.equal(readRun(path).isPartial, false)
})
