// What operators run a relay with, checked by the tools that they have: promtool (Debian: prometheus) and systemd-analyze.
// npm run test:ops; a machine without these tools fails it, as .ci/run installs them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { DASHBOARD_QUERIES, metricsIn, metricsOf } from '../support/dashboard.ts'
import { RunningKabber, temporaryFolder } from '../support/kabber-process.ts'

/** Beyond this systemd calls a service MEDIUM or worse; issue 6 allows no more. */
const MAX_EXPOSURE_TENTHS = 30

/** What promtool says of names that others chose: libp2p and prom-client call gauges `…_total`, the DHT counts milliseconds. */
const FOREIGN_COMPLAINT =
  /^(?:libp2p|nodejs)_\S+ (?:non-counter metrics should not have "_total" suffix|use base unit "seconds" instead of "milliseconds")$/

function run(command: string, args: readonly string[], input = ''): { status: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', timeout: 60_000 })
  assert.equal(error, undefined, `${command}: ${error?.message}`)
  return { status, text: `${stdout}${stderr}` }
}

/** The metrics of a relay to which a node is connected. */
async function scrape(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t)
  const options = ['--listen', '/ip4/127.0.0.1/tcp/0', '--metrics', '127.0.0.1:0']
  const relay = new RunningKabber(t, ['--json', '--home', join(folder, 'relay'), 'relay', ...options])
  const { addresses, metrics } = await relay.line(({ event }) => event === 'ready')
  const [bootstrap = ''] = addresses as string[]
  const guest = new RunningKabber(t, [
    '--json',
    '--home',
    join(folder, 'guest'),
    'relay',
    ...options,
    '--bootstrap',
    bootstrap,
  ])
  await guest.line(({ event }) => event === 'ready')
  for (;;) {
    const response = await fetch(`http://${metrics}/metrics`)
    assert.match(String(response.headers.get('content-type')), /^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    if (/^kabber_connected_peers [1-9]/m.test(text)) {
      assert.equal((await fetch(`http://${metrics}/healthz`)).status, 200)
      assert.deepEqual(await Promise.all([guest.end('SIGTERM'), relay.end('SIGTERM')]), [0, 0])
      return text
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('what operators see of a relay', () => {
  it('parses with promtool, and is all that the dashboard asks for', async (t) => {
    const text = await scrape(t)
    const { status, text: said } = run('promtool', ['check', 'metrics'], text)
    // 3: it parses, and names could be better.
    assert.ok(status === 0 || status === 3, said)
    const complaints = said.split('\n').filter((line) => line !== '' && !FOREIGN_COMPLAINT.test(line))
    assert.deepEqual(complaints, [])
    const known = metricsOf(text)
    const unknown = DASHBOARD_QUERIES.flatMap(metricsIn).filter((name) => !known.has(name))
    assert.deepEqual(unknown, [])
  })

  it('is asked for in PromQL that promtool understands', (t) => {
    const file = join(temporaryFolder(t), 'rules.yaml')
    const rules = DASHBOARD_QUERIES.map((expr, i) => ({ record: `dashboard:query:${i}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    const { status, text } = run('promtool', ['check', 'rules', file])
    assert.equal(status, 0, text)
  })
})

describe('the systemd unit', () => {
  const unit = readFileSync(new URL('../../deploy/systemd/kabber-relay.service', import.meta.url), 'utf8')

  it('is understood by systemd, every line of it', (t) => {
    const file = join(temporaryFolder(t), 'kabber-relay.service')
    // Where kabber is installed is the operator's affair; that something can be started is systemd's.
    writeFileSync(file, unit.replace('/usr/bin/kabber', process.execPath))
    const { status, text } = run('systemd-analyze', ['verify', file])
    assert.equal(status, 0, text)
    assert.equal(text, '')
  })

  it('exposes little', (t) => {
    const file = join(temporaryFolder(t), 'kabber-relay.service')
    writeFileSync(file, unit)
    const args = ['security', '--offline=yes', `--threshold=${MAX_EXPOSURE_TENTHS}`, '--no-pager', file]
    const { status, text } = run('systemd-analyze', args)
    assert.equal(status, 0, text)
    const [, exposure] = /exposure level for \S+: (\d+\.\d)/.exec(text) ?? []
    t.diagnostic(`exposure ${exposure}`)
    assert.ok(Number(exposure) * 10 <= MAX_EXPOSURE_TENTHS, text)
  })
})
