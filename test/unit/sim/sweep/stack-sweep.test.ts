import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const KABBER = fileURLToPath(new URL('../../../../bin/kabber.js', import.meta.url))

/** Two points of production nodes, two seeds each. */
const SCENARIO = `about: A few open nodes.
source: a test
duration: 1 min
warmup: 20 s
settle: 1 min
population:
  nodes: 4
  classes:
    open: { share: rest, nat: open }
workload: { people: 2, contacts: 1, messages: 60 per hour }
sweep:
  seeds: 2
  list:
    - { population.nodes: 4, workload.size: 100 B }
    - { population.nodes: 5, workload.size: 200 B }
`

/** `kabber sim sweep` to its end; with `interruptAt`, Ctrl-C as soon as that was said. */
async function sweep(
  folder: string,
  out: string,
  interruptAt?: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const args = [KABBER, 'sim', 'sweep', join(folder, 'small.yaml'), '--out', join(folder, out)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const listen = (data: string): void => {
    const before = said
    said += data
    if (interruptAt !== undefined && said.includes(interruptAt) && !before.includes(interruptAt)) {
      child.kill('SIGINT')
    }
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said }
}

test('a sweep of production nodes that Ctrl-C breaks off is carried on by the same command, and ends the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'small.yaml'), SCENARIO)
  const [whole, first] = await Promise.all([
    sweep(folder, 'whole'),
    sweep(folder, 'part', 'point 0 (population.nodes = 4, workload.size = 100 B), seed 1: done'),
  ])
  assert.equal(whole.code, 0, whole.said)
  assert.equal(first.code, 1, first.said)
  assert.match(first.said, /^interrupted: /m)
  assert.match(first.said, /points are not complete: run it again$/m)
  const made = readdirSync(join(folder, 'part/runs')).length
  assert.ok(made >= 1 && made < 4, `${made} runs before the interruption`)
  assert.ok(!readdirSync(join(folder, 'part')).some((name) => name.startsWith('.run-')), 'what was broken off is gone')
  const second = await sweep(folder, 'part')
  assert.equal(second.code, 0, second.said)
  assert.equal(second.said.match(/: done$/gm)?.length, 4 - made)
  for (const table of ['runs.csv', 'points.csv']) {
    assert.equal(readFileSync(join(folder, 'part', table), 'utf8'), readFileSync(join(folder, 'whole', table), 'utf8'))
  }
})
