import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { check } from '../../../../sim/commands/check.ts'
import { merge } from '../../../../sim/commands/merge.ts'
import { type SweepOptions, sweep } from '../../../../sim/commands/sweep.ts'
import { OutputError } from '../../../../sim/output/output-error.ts'
import { runSummary } from '../../../../sim/output/run-summary.ts'
import { ScenarioError } from '../../../../sim/scenario/scenario-error.ts'
import type { RunOne } from '../../../../sim/sweep/run-sweep.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { emptyResult, plainMetrics, plainScenario } from '../../../support/sim-run.ts'

const SCENARIO = `about: A few open nodes.
source: a test
tier: model
duration: 1 h
warmup: 5 min
settle: 5 min
population:
  nodes: 20
  classes:
    open: { share: rest, nat: open, storage: 64 MiB }
workload: { people: 5, contacts: 2, messages: 10 per hour }
`
const GRID = `sweep:
  seeds: 8
  grid:
    population.nodes: [20, 30, 40]
    workload.contacts: [2, 3]
`
const STOP = '  stop: { metric: delivered_share, width: 10 % }\n'

/** A run whose results depend on its values and seed alone, some of them noisy. */
const pretend: RunOne = (command) => {
  const random = new SeededRandom(`${command.seed} ${JSON.stringify(command.overrides)}`)
  const isNoisy = command.overrides['population.nodes'] === 30
  const messages_sent = 900 + random.uniform(200)
  const delivered_share = (isNoisy ? 0.4 : 0.9) + random.uniform(1_000) / (isNoisy ? 2_000 : 100_000)
  const metrics = plainMetrics({
    messages_sent,
    delivered_share,
    delay_p50_ms: 80 + random.uniform(1_000) / 7,
    replicas_min: Number.NaN,
  })
  const text = readFileSync(command.file, 'utf8')
  const head = { scenario: plainScenario({ text }), command, version: '1' }
  const result = emptyResult({ seed: command.seed, metrics, traceHash: String(random.uniform(1e9)) })
  return Promise.resolve({ summary: runSummary(head, result, [], { cpu_s: random.uniform(9), peak_memory_bytes: 1 }) })
}

interface Bench {
  readonly folder: string
  readonly file: string
  readonly said: string[]
  /** Runs made. */
  runs(): number
  sweep(options: SweepOptions, runOne?: RunOne): Promise<number>
  merge(shards: readonly string[], out: string): number
  table(out: string, name: string): string
}

function firstColumns(table: string, count: number): string[] {
  return table
    .trimEnd()
    .split('\n')
    .map((row) => row.split(',').slice(0, count).join(','))
}

function bench(t: TestContext, text: string): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'scenario.yaml')
  writeFileSync(file, text)
  const said: string[] = []
  let runs = 0
  const write = (line: string): void => {
    said.push(line)
  }
  return {
    folder,
    file,
    said,
    runs: () => runs,
    sweep: (options, runOne = pretend) =>
      sweep(
        file,
        { ...options, out: join(folder, options.out) },
        {
          version: '1',
          environment: {},
          write,
          runOne: (...run) => {
            runs += 1
            return runOne(...run)
          },
        },
      ),
    merge: (shards, out) =>
      merge(
        shards.map((shard) => join(folder, shard)),
        { out: join(folder, out) },
        { write },
      ),
    table: (out, name) => readFileSync(join(folder, out, name), 'utf8'),
  }
}

for (const [kind, text] of [
  ['a sweep', SCENARIO + GRID],
  ['a sweep that stops early', SCENARIO + GRID + STOP],
] as const) {
  test(`${kind} in two shards, merged, equals the same in one piece, byte for byte, however many jobs`, async (t) => {
    const at = bench(t, text)
    assert.equal(await at.sweep({ out: 'whole' }), 0)
    assert.equal(await at.sweep({ out: 'four-jobs', jobs: 4 }), 0)
    assert.equal(await at.sweep({ out: 'a', shard: '1/2' }), 0)
    assert.equal(await at.sweep({ out: 'b', shard: '2/2', jobs: 3 }), 0)
    assert.equal(at.merge(['b', 'a'], 'merged'), 0)
    for (const name of ['points.csv', 'runs.csv']) {
      assert.equal(at.table('merged', name), at.table('whole', name))
      assert.equal(at.table('four-jobs', name), at.table('whole', name))
    }
  })
}

test('every point runs with the same seeds; the tables have a row for each run and for each metric of a point', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  await at.sweep({ out: 'whole' })
  assert.equal(at.runs(), 3 * 2 * 8)
  const rows = at.table('whole', 'runs.csv').trimEnd().split('\n')
  assert.match(rows[0] ?? '', /^point,population\.nodes,workload\.contacts,seed,messages_sent,/)
  assert.equal(rows.length, 1 + 48)
  assert.match(rows[1] ?? '', /^0,20,2,1,/)
  assert.match(rows[48] ?? '', /^5,40,3,8,/)
  const points = at.table('whole', 'points.csv')
  assert.match(points, /^0,20,2,delivered_share,proportion,8,0\.9\d+,0\.\d+,0\.\d+$/m)
  assert.match(points, /^0,20,2,replicas_min,mean,0,,,$/m)
})

test('a list of points is run as it stands, with each point of the grid beside it', async (t) => {
  const list = '  list:\n    - { duration: 1 h, workload.size: 100 B }\n    - { duration: 2 h, workload.size: 200 B }\n'
  const at = bench(t, `${SCENARIO}sweep:\n  seeds: 1\n${list}`)
  assert.equal(await at.sweep({ out: 'alone' }), 0)
  assert.deepEqual(firstColumns(at.table('alone', 'runs.csv'), 3), [
    'point,duration,workload.size',
    '0,1 h,100 B',
    '1,2 h,200 B',
  ])
  const both = bench(t, `${SCENARIO}sweep:\n  seeds: 1\n  grid: { population.nodes: [20, 30] }\n${list}`)
  assert.equal(await both.sweep({ out: 'both' }), 0)
  assert.deepEqual(firstColumns(both.table('both', 'runs.csv'), 4).slice(1), [
    '0,1 h,100 B,20',
    '1,1 h,100 B,30',
    '2,2 h,200 B,20',
    '3,2 h,200 B,30',
  ])
})

test('seeds of a point end when the interval is narrow enough, never before the third', async (t) => {
  const at = bench(t, SCENARIO + GRID + STOP)
  await at.sweep({ out: 'whole' })
  const seeds = at
    .table('whole', 'runs.csv')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(',').slice(0, 2))
  assert.equal(seeds.filter(([point]) => point === '0').length, 3)
  assert.ok(seeds.filter(([, nodes]) => nodes === '30').length > 6)
  assert.equal(at.runs(), seeds.length)
})

test('a sweep that was broken off carries on: what is there is not run again', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  let left = 10
  const dying: RunOne = (...run) =>
    left-- > 0 ? pretend(...run) : Promise.resolve({ problem: 'the machine went away' })
  assert.equal(await at.sweep({ out: 'whole' }, dying), 1)
  assert.ok(at.said.some((line) => line.includes('FAILED: the machine went away')))
  assert.ok(
    at.said.some((line) =>
      /^repeat with: kabber sim run .* --tier model --seed 3 --nodes 20 --set workload\.contacts=3$/.test(line),
    ),
  )
  const before = at.runs()
  assert.equal(await at.sweep({ out: 'whole' }), 0)
  assert.equal(at.runs() - before, 48 - 10)
  await at.sweep({ out: 'other' })
  assert.equal(at.table('whole', 'runs.csv'), at.table('other', 'runs.csv'))
  const again = at.runs()
  assert.equal(await at.sweep({ out: 'whole' }), 0)
  assert.equal(at.runs(), again)
})

test('a run of a file that was changed on the way is none of the sweep', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  let left = 10
  const edited: RunOne = (...run) => {
    if (left-- === 0) {
      writeFileSync(at.file, `${SCENARIO}${GRID}# later`)
    }
    return pretend(...run)
  }
  assert.equal(await at.sweep({ out: 'whole' }, edited), 1)
  assert.ok(at.said.some((line) => line.includes('FAILED: the scenario file has been changed since the sweep began')))
  assert.equal(readdirSync(join(at.folder, 'whole/runs')).length, 10)
  await assert.rejects(at.sweep({ out: 'whole' }), /holds another sweep/)
  writeFileSync(at.file, SCENARIO + GRID)
  assert.equal(await at.sweep({ out: 'whole' }), 0)
})

test('merge tells which points of which shard are missing, and is complete once they are there', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  await at.sweep({ out: 'a', shard: '1/3' })
  await at.sweep({ out: 'c', shard: '3/3' })
  assert.equal(at.merge(['a', 'c'], 'merged'), 1)
  assert.deepEqual(
    at.said.filter((line) => line.startsWith('missing')),
    ['missing: shard 2/3: points 1, 4'],
  )
  await at.sweep({ out: 'b', shard: '2/3' })
  assert.equal(at.merge(['a', 'b', 'c'], 'merged'), 0)
  await at.sweep({ out: 'whole' })
  assert.equal(at.table('merged', 'points.csv'), at.table('whole', 'points.csv'))
})

test('a folder with something else in it is refused, and left as it was', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  await at.sweep({ out: 'a', shard: '1/2' })
  const before = at.table('a', 'sweep.json')
  await assert.rejects(at.sweep({ out: 'a', shard: '2/2' }), /holds shard 1\/2 of this sweep/)
  writeFileSync(at.file, SCENARIO + GRID.replace('seeds: 8', 'seeds: 9'))
  await assert.rejects(at.sweep({ out: 'a', shard: '1/2' }), /holds another sweep/)
  await assert.rejects(
    at.sweep({ out: '.' }),
    (error) => error instanceof OutputError && /not empty/.test(error.message),
  )
  assert.throws(() => at.merge(['.'], 'merged'), /there is no sweep in this folder/)
  await at.sweep({ out: 'b', shard: '2/2' })
  assert.throws(() => at.merge(['a', 'b'], 'merged'), /this is not the sweep of/)
  assert.equal(at.table('a', 'sweep.json'), before)
  assert.ok(!readdirSync(at.folder).includes('merged'))
})

test('a sweep that explodes, has a wrong value or no section is refused before the first run, and nothing is written', async (t) => {
  const values = Array.from({ length: 100 }, (_, i) => i + 10).join(', ')
  const huge = `sweep:\n  seeds: 100\n  grid:\n    population.nodes: [${values}]\n    workload.contacts: [${values}]\n`
  const cases: [string, RegExp][] = [
    [SCENARIO + huge, /scenario\.yaml:\d+: sweep\.grid: .*1000000 runs; at most 100000/],
    [SCENARIO + GRID.replace('[2, 3]', '[2, many]'), /scenario\.yaml:\d+: .*contacts/],
    [SCENARIO, /scenario\.yaml:1: sweep: the section is missing/],
    [SCENARIO + GRID.replace('40]', '2000000]'), /scenario\.yaml:\d+: population\.nodes: '2000000' is out of range/],
    // Good by themselves, not together.
    [
      SCENARIO +
        GRID.replace('workload.contacts: [2, 3]', 'workload.people: [10, 20]').replace('[20, 30, 40]', '[20, 15]'),
      /scenario\.yaml:16: workload\.people: 20 people need as many nodes .* there are 15$/,
    ],
  ]
  for (const [text, complaint] of cases) {
    const at = bench(t, text)
    if (text.includes('grid')) {
      assert.throws(() => check(at.file, {}, () => {}), complaint)
    }
    await assert.rejects(
      at.sweep({ out: 'whole' }),
      (error) => error instanceof ScenarioError && complaint.test(error.message),
    )
    assert.deepEqual(readdirSync(at.folder), ['scenario.yaml'])
    assert.equal(at.runs(), 0)
  }
})

test('values that are good together only are taken; an option cannot take the place of what the sweep varies', async (t) => {
  const at = bench(
    t,
    SCENARIO + GRID.replace('[20, 30, 40]', '[60]').replace('workload.contacts: [2, 3]', 'workload.people: [50]'),
  )
  assert.equal(await at.sweep({ out: 'together' }), 0)
  await assert.rejects(
    at.sweep({ out: 'both', overrides: { 'population.nodes': 70 } }),
    /scenario\.yaml: population\.nodes: the sweep has values of its own for it; no option can give it another$/,
  )
  assert.ok(!readdirSync(at.folder).includes('both'))
})

test('a run that cannot be kept ends the sweep in one line, and the runs beside it', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  mkdirSync(join(at.folder, 'whole'))
  let running = 0
  let endedBy: AbortSignal | undefined
  const waiting: RunOne = async (...run) => {
    if (++running === 1) {
      rmSync(join(at.folder, 'whole/runs'), { recursive: true })
      return await pretend(...run)
    }
    const [, , signal] = run
    endedBy = signal
    if (!signal.aborted) {
      await once(signal, 'abort')
    }
    return { problem: 'broken off' }
  }
  await assert.rejects(
    at.sweep({ out: 'whole', jobs: 2 }, waiting),
    (error) =>
      error instanceof OutputError && /whole: the output folder cannot be written: ENOENT$/.test(error.message),
  )
  assert.equal(running, 2)
  assert.ok(endedBy?.aborted)
})

test('a run that is damaged is missing, and made again; a damaged plan is none', async (t) => {
  const at = bench(t, SCENARIO + GRID)
  await at.sweep({ out: 'whole' })
  const table = at.table('whole', 'runs.csv')
  const runs = join(at.folder, 'whole/runs')
  const good = JSON.parse(readFileSync(join(runs, 'p00001-s4.json'), 'utf8'))
  const damaged: readonly (readonly [string, string])[] = [
    ['p00000-s1.json', '{"point":0,"seed":1}'],
    ['p00001-s4.json', JSON.stringify({ ...good, metrics: { ...good.metrics, lost: 'none' } })],
    ['p00002-s2.json', '{"point":2,'],
    ['p00003-s8.json', 'null'],
  ]
  for (const [name, text] of damaged) {
    writeFileSync(join(runs, name), text)
  }
  assert.equal(at.merge(['whole'], 'merged'), 1)
  assert.ok(at.said.includes('missing: shard 1/1: points 0, 1, 2, 3'))
  const before = at.runs()
  assert.equal(await at.sweep({ out: 'whole' }), 0)
  assert.equal(at.runs() - before, damaged.length)
  assert.equal(at.table('whole', 'runs.csv'), table)

  const head = JSON.parse(at.table('whole', 'sweep.json'))
  for (const broken of [
    null,
    5,
    { plan: head.plan },
    { ...head, shard: null },
    { ...head, shard: { index: 1, count: 'x' } },
  ]) {
    writeFileSync(join(at.folder, 'whole/sweep.json'), JSON.stringify(broken))
    assert.throws(() => at.merge(['whole'], 'other'), /whole: there is no sweep in this folder/)
  }
})
