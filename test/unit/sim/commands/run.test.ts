import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { run } from '../../../../sim/commands/run.ts'
import { OutputError } from '../../../../sim/output/output-error.ts'
import type { RunResult } from '../../../../sim/results/results.ts'
import { METRIC_NAMES, type MetricName } from '../../../../sim/scenario/scenario.ts'
import { ScenarioError } from '../../../../sim/scenario/scenario-error.ts'
import type { Tier } from '../../../../sim/tier.ts'

const TEXT = `about: Two talk.
source: ours
duration: 10 min
population: { nodes: 2, classes: { all: { share: 100 % } } }
assert: [ "delivered_share >= 99 %" ]
`

function resultOf(seed: number, changes: Partial<RunResult>, share = 1): RunResult {
  const metrics = Object.fromEntries(METRIC_NAMES.map((name) => [name, 0])) as Record<MetricName, number>
  return {
    tier: 'stack',
    seed,
    simulatedMs: 600_000,
    isPartial: false,
    traceHash: `hash of ${seed}`,
    metrics: { ...metrics, delivered_share: share },
    samples: [],
    messages: [],
    nodes: [],
    lookups: [],
    natMatrix: [],
    violations: [],
    events: 7,
    ...changes,
  }
}

/** Runs the scenario on a tier that gives this. */
async function play(
  folder: string,
  tier: Tier,
  options: Parameters<typeof run>[1] = {},
): Promise<{ code: number; lines: string[] }> {
  const file = join(folder, 'two.yaml')
  writeFileSync(file, TEXT)
  const lines: string[] = []
  const code = await run(
    file,
    { out: join(folder, 'out'), ...options },
    {
      version: '0',
      stderr: { write: () => true },
      write: (line) => lines.push(line),
      loadTier: async () => tier,
    },
  )
  return { code, lines }
}

describe('kabber sim run', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kabber-run-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('hands scenario and seed to the tier, writes a folder, and succeeds when every assertion held', async () => {
    const { code, lines } = await play(
      folder,
      async ({ scenario, seed, observer }) => {
        observer.progress(1)
        observer.trace({ t_ms: 1, kind: 'said' })
        assert.deepEqual([scenario.name, scenario.nodes, seed], ['two', 3, 9])
        return resultOf(seed, {})
      },
      { seed: '9', nodes: '3' },
    )
    assert.equal(code, 0, lines.join('\n'))
    assert(lines.some((line) => line.startsWith('trace hash hash of 9, 7 events')))
    assert(!lines.some((line) => line.startsWith('repeat with')))
    assert.equal(JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')).isPartial, false)
  })

  it('fails and says the one command that repeats it when an assertion did not hold', async () => {
    const { code, lines } = await play(folder, async ({ seed }) => resultOf(seed, {}, 0.98), { seed: '9', nodes: '3' })
    assert.equal(code, 1)
    assert(lines.includes('FAILED delivered_share >= 99 %   (was 0.98)'))
    assert.equal(lines.at(-1), `repeat with: kabber sim run ${folder}/two.yaml --tier stack --seed 9 --nodes 3`)
  })

  it('fails when a checker complained', async () => {
    const violations = [{ t_ms: 5_000, checker: 'custody', what: 'a letter is gone' }]
    const { code, lines } = await play(folder, async ({ seed }) => resultOf(seed, { violations }))
    assert.equal(code, 1)
    assert(lines.includes('FAILED custody at 5 s: a letter is gone'))
  })

  it('fails, with the command, when the run breaks down', async () => {
    const { code, lines } = await play(folder, async () => {
      throw new Error('deadlock at 7 ms')
    })
    assert.equal(code, 1)
    assert.match(lines.join('\n'), /the run broke down: Error: deadlock at 7 ms/)
    assert.match(lines.at(-1) ?? '', /^repeat with: kabber sim run /)
    assert.equal(JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')).isPartial, true)
  })

  it('leaves what there is when it is interrupted', async () => {
    const { code, lines } = await play(folder, async ({ seed, signal }) => {
      process.emit('SIGINT')
      assert(signal.aborted)
      // The same Ctrl-C, handed on by whoever started us.
      process.emit('SIGINT')
      return resultOf(seed, { isPartial: true, simulatedMs: 1_000 })
    })
    assert.equal(code, 1)
    assert(lines.includes('interrupted: this is a part of the run'))
    assert(existsSync(join(folder, 'out/metrics.csv')))
    assert.equal(process.listenerCount('SIGINT'), 0)
  })

  it('refuses bad options in one line and writes nothing', async () => {
    const never: Tier = () => assert.fail('it must not run')
    const bad: readonly (readonly [Parameters<typeof run>[1], RegExp])[] = [
      [{ seed: '-1' }, /^--seed: a whole number from 0 to 4294967295 is needed, not '-1'$/],
      [{ seed: '4294967296' }, /^--seed: /],
      [{ tier: 'both' }, /^--tier: 'both' is no tier; known: stack, model$/],
      [{ set: ['workload'] }, /^--set: PATH=VALUE is needed/],
      [{ set: ['__proto__.x=1'] }, /unknown key/],
      [
        { nodes: '1000000' },
        /^--nodes: .*population\.nodes: 1000000 nodes are too many for the stack tier, which takes 500; use --tier model$/,
      ],
      [{ nodes: 'many' }, /^--nodes: .*a whole number/],
      [{ duration: '2' }, /^--duration: .*a unit is missing/],
    ]
    for (const [options, message] of bad) {
      await assert.rejects(play(folder, never, options), (error: Error) => {
        assert(error instanceof ScenarioError)
        assert.match(error.message, message)
        assert(!error.message.includes('\n'))
        return true
      })
      assert(!existsSync(join(folder, 'out')))
    }
  })

  it('overwrites nothing', async () => {
    writeFileSync(join(folder, 'mine'), 'mine')
    const never: Tier = () => assert.fail('it must not run')
    await assert.rejects(play(folder, never, { out: folder }), OutputError)
    assert.equal(readFileSync(join(folder, 'mine'), 'utf8'), 'mine')
  })
})
