import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const KABBER = fileURLToPath(new URL('../../../../bin/kabber.js', import.meta.url))

const GOOD = `about: A few nodes.
source: a test
duration: 1 min
population:
  nodes: 4
  classes:
    some: { share: 60 %, nat: open }
    others: { share: 40 %, nat: open }
workload: { people: 2, contacts: 1 }
`

/** What is wrong, the text to replace and what with, and the one line that tells of it. */
const MISTAKES: readonly (readonly [string, string, string, string])[] = [
  ['a wrong unit', 'duration: 1 min', 'duration: 1 minute', 'x.yaml:3: duration: '],
  ['a negative share', 'share: 40 %', 'share: -40 %', 'x.yaml:8: population.classes.others.share: '],
  ['shares that do not add to 1', 'share: 40 %', 'share: 30 %', 'x.yaml:6: population.classes: '],
  ['an unknown preset', 'nat: open }\nwork', 'nat: hoome }\nwork', 'x.yaml:8: population.classes.others.nat: '],
  ['a million nodes in the stack tier', 'nodes: 4', 'nodes: 1000000', 'x.yaml:5: population.nodes: '],
  ['a trace that runs backwards', 'workload:', 'churn: { some: { trace: back.csv } }\nworkload:', 'back.csv:3: t_s: '],
  [
    'a trace with a node that is not there',
    'workload:',
    'churn: { some: { trace: strange.csv } }\nworkload:',
    'strange.csv:2: node: ',
  ],
]

function place(t: TestContext): { folder: string; kabber(...args: string[]): { code: number | null; said: string } } {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'back.csv'), 't_s,node,event\n5,0,join\n4,1,join\n')
  writeFileSync(join(folder, 'strange.csv'), 't_s,node,event\n5,99,join\n')
  return {
    folder,
    kabber: (...args) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [KABBER, 'sim', ...args], {
        cwd: folder,
        encoding: 'utf8',
      })
      return { code: status, said: stdout + stderr }
    },
  }
}

for (const [what, from, to, line] of MISTAKES) {
  test(`${what}: one line that names file, line and key, exit code 2, and nothing is written`, (t) => {
    const { folder, kabber } = place(t)
    writeFileSync(join(folder, 'x.yaml'), GOOD.replace(from, to))
    const before = readdirSync(folder)
    const { code, said } = kabber('run', 'x.yaml', '--out', 'out')
    assert.equal(code, 2, said)
    assert.ok(said.startsWith(`kabber sim: ${line}`), said)
    assert.equal(said.indexOf('\n'), said.length - 1)
    assert.deepEqual(readdirSync(folder), before)
  })
}

test('a sweep that explodes is refused with its size, and nothing is written', (t) => {
  const { folder, kabber } = place(t)
  const values = Array.from({ length: 100 }, (_, i) => i + 4).join(', ')
  const grid = `  grid:\n    population.nodes: [${values}]\n    workload.contacts: [${values}]\n`
  writeFileSync(join(folder, 'x.yaml'), `${GOOD}sweep:\n  seeds: 100\n${grid}`)
  const { code, said } = kabber('sweep', 'x.yaml', '--out', 'out')
  assert.equal(code, 2)
  assert.equal(said, 'kabber sim: x.yaml:12: sweep.grid: 10000 points × 100 seeds are 1000000 runs; at most 100000\n')
  assert.ok(!readdirSync(folder).includes('out'))
})

test('a folder that is not empty, or is no folder, is refused in one line with exit code 2, and left as it was', (t) => {
  const { folder, kabber } = place(t)
  writeFileSync(join(folder, 'x.yaml'), GOOD)
  mkdirSync(join(folder, 'full'))
  writeFileSync(join(folder, 'full/run.json'), 'mine')
  for (const [out, complaint] of [
    ['full', /^kabber sim: full: .*not empty.*\n$/],
    ['back.csv', /^kabber sim: back\.csv: .*\n$/],
    ['back.csv/inside', /^kabber sim: back\.csv\/inside: .*\n$/],
    ['/proc/kabber', /^kabber sim: \/proc\/kabber: the output folder cannot be written: ENOENT\n$/],
  ] as const) {
    const { code, said } = kabber('run', 'x.yaml', '--out', out)
    assert.equal(code, 2, said)
    assert.match(said, complaint)
  }
  assert.equal(readFileSync(join(folder, 'full/run.json'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(join(folder, 'full')), ['run.json'])
})

test('what a terminal would act on never reaches it, from a file, a trace or the command line', (t) => {
  const { folder, kabber } = place(t)
  const traced = GOOD.replace('workload:', 'churn: { some: { trace: red.csv } }\nworkload:')
  writeFileSync(join(folder, 'red.csv'), 't_s,node,event\n5,0,\u001b[31mjoin\n')
  writeFileSync(join(folder, 'x.yaml'), traced)
  writeFileSync(join(folder, 'red.yaml'), GOOD.replace('A few nodes.', '"red \\e[31m\\nheld   lost = 0"'))
  const said = [
    kabber('check', 'x.yaml'),
    kabber('check', 'gone\u001b[31m\n.yaml'),
    kabber('check', 'x.yaml', '--set', 'a\u001b[31m\nb=1'),
    kabber('run', 'x.yaml', '--seed', '\u001b[31m'),
    kabber('run', 'x.yaml', '--out', 'x.yaml/\u001b[31m'),
    kabber('--\u001b[31m'),
  ]
  for (const { code, said: line } of said) {
    assert.equal(code, 2, line)
    assert.match(line, /^kabber sim: [^\p{Cc}]+\n$/u)
  }
  const { code, said: lines } = kabber('run', 'red.yaml', '--tier', 'model', '--out', 'out')
  assert.equal(code, 0, lines)
  assert.match(lines, /^red: red {2}\[31m held {3}lost = 0\n/)
  assert.ok(!lines.includes('\u001b'))
})

test('a disk that is full is told in one line, with the command that repeats the run; nothing half written stays', (t) => {
  const { folder } = place(t)
  writeFileSync(join(folder, 'x.yaml'), GOOD)
  // No file may be larger than 16 KiB, which the report is.
  const script = 'ulimit -f 16; exec "$0" "$@"'
  const args = [process.execPath, KABBER, 'sim', 'run', 'x.yaml', '--tier', 'model', '--out', 'out']
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, ...args], { cwd: folder, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [1, ''])
  assert.match(
    stdout,
    /^FAILED: the run broke down: out cannot be written: EFBIG: file too large, write\nrepeat with: kabber sim run x\.yaml --tier model --seed 1\n$/m,
  )
  assert.equal(JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')).isPartial, true)
  assert.deepEqual(
    readdirSync(join(folder, 'out')).filter((name) => /part$|^report/.test(name)),
    [],
  )
})
