import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { shippedScenarios } from '../../../../sim/scenario/find-scenario.ts'

const KABBER = fileURLToPath(new URL('../../../../bin/kabber.js', import.meta.url))

function kabberSim(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [KABBER, 'sim', ...args], { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

describe('kabber sim', () => {
  it('lists the shipped scenarios with a sentence, a source and what they assert', () => {
    const { code, out } = kabberSim('list')
    assert.equal(code, 0)
    for (const name of shippedScenarios()) {
      assert.match(
        out,
        new RegExp(`^${name}\n  [A-Z].*\\.\n  .* nodes, (?:stack|model) tier\\. Source: .*\n  Asserts: \\S`, 'm'),
      )
    }
  })

  it('checks a scenario by its name, with what the command line changes', () => {
    const { code, out } = kabberSim('check', '--nodes', '60', 'churn-ipfs-2022', '--duration', '2h')
    assert.equal(code, 0)
    assert.equal(
      out,
      'churn-ipfs-2022: good for the stack tier: 60 nodes in 2 classes, 14 people, 210 simulated minutes, 0 faults, 6 assertions, a sweep of 9 points × 10 seeds\n',
    )
  })

  it('ends with 2 and one line for bad input', () => {
    const bad: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['check', 'churn-ipfs-2021'],
        /^kabber sim: churn-ipfs-2021: no file, and no shipped scenario has this name; did you mean 'churn-ipfs-2022'\?\n$/,
      ],
      [['run', 'gone.yaml'], /^kabber sim: gone\.yaml: cannot be read: ENOENT\n$/],
      [
        ['run', 'first-contact', '--nodes', '1000000'],
        /^kabber sim: --nodes: .*1000000 nodes are too many for the stack tier, which takes 500; use --tier model\n$/,
      ],
      [['run', 'first-contact', '--sed', '1'], /^kabber sim: unknown option '--sed' .*\n$/],
      [['chek'], /^kabber sim: unknown command 'chek' \(Did you mean check\?\)\n$/],
    ]
    for (const [args, message] of bad) {
      const { code, err, out } = kabberSim(...args)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, message)
    }
  })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`hands ${signal} on, and leaves what there is`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'kabber-sim-'))
      try {
        const out = join(folder, 'out')
        const child = spawn(process.execPath, [KABBER, 'sim', 'run', 'offline-week', '--nodes', '1000', '--out', out])
        let said = ''
        child.stdout.setEncoding('utf8').on('data', (data: string) => {
          if (!said.includes('seed 1') && (said + data).includes('seed 1')) {
            child.kill(signal)
          }
          said += data
        })
        const [code] = await once(child, 'close')
        assert.equal(code, 1, said)
        assert.match(
          said,
          /^interrupted: this is a part of the run\nresults in .*\nrepeat with: kabber sim run offline-week --tier model --seed 1 --nodes 1000\n$/m,
        )
        assert.equal(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')).isPartial, true)
        assert(existsSync(join(out, 'metrics.csv')) && existsSync(join(out, 'report.html')))
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }

  it('prints the schema for editors', () => {
    const { code, out } = kabberSim('schema')
    assert.equal(code, 0)
    assert.equal(JSON.parse(out).$schema, 'https://json-schema.org/draft/2020-12/schema')
  })
})
