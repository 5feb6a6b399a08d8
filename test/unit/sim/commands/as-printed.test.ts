import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const KABBER = fileURLToPath(new URL('../../../../bin/kabber.js', import.meta.url))

const SCENARIO = `about: A few nodes.
source: a test
tier: model
duration: 5 min
warmup: 1 min
settle: 1 min
population:
  nodes: 10
  classes: { some: { share: rest, nat: home } }
workload: { people: 6, contacts: 2, messages: 30 per hour, size: 200 B }
assert: [ "messages_sent = 0" ]
ci: { population.nodes: 12 }
`

/** A folder with a scenario whose name a shell would take apart. */
function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, "it's mine; $HOME.yaml"), SCENARIO)
  return folder
}

function hashOf(run: string): string {
  const { traceHash } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
  assert.match(traceHash, /^[0-9a-f]{16}$/)
  return traceHash
}

test('the command that a failed run prints repeats it, event by event, when a shell runs it as it stands', (t) => {
  const folder = place(t)
  const options = ['--ci', '--seed', '77', '--set', 'workload.size=1 KiB', '--duration', '4 min', '--out', 'first']
  const first = spawnSync(process.execPath, [KABBER, 'sim', 'run', "it's mine; $HOME.yaml", ...options], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(first.status, 1, first.stderr)
  const [, command = ''] = /^repeat with: (kabber sim run .*)$/m.exec(first.stdout) ?? []
  const shell = `kabber() { "$NODE" "$KABBER" "$@"; }; ${command}`
  const again = spawnSync('bash', ['-c', shell], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, KABBER },
  })
  assert.equal(again.status, 1, again.stderr)
  const [second = ''] = readdirSync(join(folder, 'kabber-sim'))
  assert.match(second, /-model-77$/)
  assert.equal(hashOf(join(folder, 'kabber-sim', second)), hashOf(join(folder, 'first')))
  const table = (run: string): string => readFileSync(join(folder, run, 'metrics.csv'), 'utf8')
  assert.equal(table(`kabber-sim/${second}`), table('first'))
})

test('a run whose reader goes away after a line is written whole', async (t) => {
  const folder = place(t)
  const args = [KABBER, 'sim', 'run', "it's mine; $HOME.yaml", '--out', 'out']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    complaints += data
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = await once(child, 'close')
  assert.equal(code, 1)
  assert.doesNotMatch(complaints, /Error|EPIPE/)
  assert.equal(JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')).isPartial, false)
  assert.ok(readdirSync(join(folder, 'out')).includes('report.html'))
})
