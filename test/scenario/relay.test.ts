import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { until } from '../../cli/demo/deadline.ts'
import { findHome } from '../../cli/find-home.ts'
import { kabber, kabberJson, RunningKabber, startNode, temporaryFolder } from '../support/kabber-process.ts'

/** Long enough for a busy machine; a scenario fails by what it finds, not by how long it takes. */
const LIMIT_MS = 60_000

interface Relay {
  readonly process: RunningKabber
  readonly peerId: string
  readonly at: string
  readonly metrics: string
}

async function startRelay(t: TestContext, home: string, ...args: string[]): Promise<Relay> {
  const options = ['--listen', '/ip4/127.0.0.1/tcp/0', '--metrics', '127.0.0.1:0']
  const process = new RunningKabber(t, ['--json', '--home', home, 'relay', ...options, ...args])
  const { peerId, addresses, metrics } = await process.line(({ event }) => event === 'ready')
  return { process, peerId: String(peerId), at: (addresses as string[])[0] ?? '', metrics: String(metrics) }
}

async function metric(relay: Relay, name: string): Promise<number> {
  const text = await (await fetch(`http://${relay.metrics}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}

async function lettersKept(home: string): Promise<number> {
  const [status] = (await kabberJson(home, 'status')) as unknown as [{ letters: { kept: number } }]
  return status.letters.kept
}

describe('kabber relay', () => {
  it('needs no account, keeps its identity and address over restarts, and tells how it is doing', async (t) => {
    const home = join(temporaryFolder(t), 'relay')
    const first = await startRelay(t, home, '--announce', '/ip4/192.0.2.7/tcp/4001')
    assert.equal(first.at, `/ip4/192.0.2.7/tcp/4001/p2p/${first.peerId}`)
    const health = await fetch(`http://${first.metrics}/healthz`)
    assert.equal(health.status, 200)
    assert.deepEqual(await health.json(), { status: 'ok' })
    assert.equal(await metric(first, 'kabber_relay_reservations_limit'), 512)
    const [status] = await kabberJson(home, 'status')
    assert.deepEqual(status?.accounts, [])
    assert.equal(await first.process.end('SIGTERM'), 0)
    assert.equal(existsSync(findHome({ home }).statusSocketPath), false)
    await assert.rejects(fetch(`http://${first.metrics}/healthz`))

    const second = await startRelay(t, home)
    assert.equal(second.peerId, first.peerId)
    const third = await startRelay(t, join(home, '..', 'another'), '--bootstrap', second.at)
    assert.notEqual(third.peerId, second.peerId)
    await until('for the relays to meet', LIMIT_MS, async () => {
      return (await metric(second, 'kabber_connected_peers')) === 1 ? true : undefined
    })
  })

  it('has a home of its own, in which nothing else runs', async (t) => {
    const folder = temporaryFolder(t)
    const [alice, relay] = [join(folder, 'alice'), join(folder, 'relay')]
    await kabberJson(alice, 'init')
    const refused = await kabber(['--home', alice, 'relay'])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^kabber: .* is the home of an account; a relay has a home of its own/)
    const running = await startRelay(t, relay)
    assert.match((await kabber(['--home', relay, 'relay'])).stderr, /^kabber: [^\n]*(in use|another|running)[^\n]*\n$/i)
    assert.match((await kabber(['--home', relay, 'init'])).stderr, /^kabber: [^\n]* holds a relay already/)
    const whoami = await kabber(['--home', relay, 'whoami'])
    assert.match(whoami.stderr, /^kabber: [^\n]* is the home of a relay, which has no account/)
    assert.equal(whoami.exitCode, 3)
    // A terminal that was closed.
    assert.equal(await running.process.end('SIGHUP'), 0)
    const started = await kabber(['--home', relay, 'start'])
    assert.match(
      started.stderr,
      /^kabber: [^\n]* is the home of a relay, which has no account; run it with: kabber --home /,
    )
    assert.equal(started.exitCode, 1)
    assert.match((await kabber(['--home', relay, 'status'])).stderr, / start it with: kabber --home \S+ relay\n$/)
  })

  it('takes its settings from a file, and says where one is wrong', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'relay.yaml')
    writeFileSync(
      file,
      `home: ${join(folder, 'relay')}\nlisten: /ip4/127.0.0.1/tcp/0\nreservations: 7\nmetrics: 127.0.0.1:0\n`,
    )
    const relay = new RunningKabber(t, ['--json', 'relay', '--config', file])
    const { metrics, peerId, addresses } = await relay.line(({ event }) => event === 'ready')
    const at = { process: relay, peerId: String(peerId), at: String(addresses), metrics: String(metrics) }
    assert.equal(await metric(at, 'kabber_relay_reservations_limit'), 7)
    assert.ok(existsSync(join(folder, 'relay', 'kabber.sqlite')))
    writeFileSync(file, 'reservations: 7\nmetrix: 127.0.0.1:0\n')
    const wrong = await kabber(['relay', '--config', file])
    assert.equal(wrong.exitCode, 2)
    assert.equal(wrong.stderr, `kabber: ${file}, line 2: unknown key 'metrix'; did you mean 'metrics'?\n`)
  })

  it('writes logs as JSON, one object a line', async (t) => {
    const home = join(temporaryFolder(t), 'relay')
    const result = new RunningKabber(t, [
      ...['--json', '--home', home, 'relay', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-metrics'],
      ...['--log', 'json', '--log-level', 'info'],
    ])
    await result.line(({ event }) => event === 'ready')
    assert.equal(await result.end('SIGTERM'), 0)
    const lines = result.stderr.split('\n').filter((line) => line !== '')
    assert.ok(lines.some((line) => JSON.parse(line).event === 'stopping…'))
    for (const line of lines) {
      const { time, level, component, event } = JSON.parse(line)
      assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      assert.match(level, /^(?:info|warn|error)$/)
      assert.match(component, /^kabber/)
      assert.ok(event.length > 0)
    }
  })

  it('is upgraded without losing a letter: stopped, and started again on the same home', async (t) => {
    const folder = temporaryFolder(t)
    const [aliceHome, bobHome, relayHome] = ['alice', 'bob', 'relay'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const relay = await startRelay(t, relayHome)
    const [{ address: alice = '' } = {}] = (await kabberJson(aliceHome, 'init', '--name', 'Alice')) as {
      address: string
    }[]
    const [{ uri = '' } = {}] = (await kabberJson(bobHome, 'init', '--name', 'Bob')) as { uri: string }[]
    const alicesNode = await startNode(t, aliceHome, '--bootstrap', relay.at, '--storage', '0')
    const bobsNode = await startNode(t, bobHome, '--bootstrap', relay.at, '--storage', '0')
    await kabberJson(aliceHome, 'contact', 'add', uri)
    await kabberJson(bobHome, 'contact', 'add', alice)
    await kabberJson(aliceHome, 'send', 'Bob', 'are you there?', '--wait', 'delivered', '--timeout', '60s')
    await bobsNode.end('SIGKILL')
    const texts = ['one', 'two', 'three']
    for (const text of texts) {
      const [sent] = await kabberJson(aliceHome, 'send', 'Bob', text, '--wait', 'stored', '--timeout', '60s')
      assert.equal(sent?.state, 'stored')
    }
    await alicesNode.end('SIGKILL')
    const kept = await lettersKept(relayHome)
    assert.ok(kept >= texts.length, `${kept} letters`)

    assert.equal(await relay.process.end('SIGTERM'), 0)
    const upgraded = await startRelay(t, relayHome)
    assert.equal(upgraded.peerId, relay.peerId)
    assert.equal(upgraded.at, relay.at, 'others find it where it was')
    assert.equal(await lettersKept(relayHome), kept)
    await startNode(t, bobHome, '--bootstrap', upgraded.at, '--storage', '0')
    const read = await until('for Bob to collect his letters', LIMIT_MS, async () => {
      const lines = await kabberJson(bobHome, 'history', alice)
      return lines.length > texts.length ? lines : undefined
    })
    assert.deepEqual(
      read.map(({ body }) => body),
      ['are you there?', ...texts],
    )
  })
})
