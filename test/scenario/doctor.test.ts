import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { kabber, kabberJson, RunningKabber, startNode, temporaryFolder } from '../support/kabber-process.ts'

interface Report {
  readonly reachable: string
  readonly findings: readonly { readonly id: string; readonly severity: string }[]
  readonly observations: { readonly node: string; readonly connectedPeers: number; readonly isRelay: boolean }
}

async function doctor(home: string, ...args: string[]): Promise<Report & { exitCode: number | null; ids: string[] }> {
  const { json, exitCode, stderr } = await kabber(['--home', home, '--json', 'doctor', ...args])
  assert.equal(json.length, 1, stderr)
  const report = json[0] as unknown as Report
  return { ...report, exitCode, ids: report.findings.map(({ id, severity }) => `${severity} ${id}`) }
}

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']

describe('kabber doctor', () => {
  it('asks a running node and a running relay, and tries out where none runs', async (t) => {
    const folder = temporaryFolder(t)
    const [relayHome, aliceHome] = [join(folder, 'relay'), join(folder, 'alice')]
    const relay = new RunningKabber(t, ['--json', '--home', relayHome, 'relay', ...LISTEN, '--no-metrics'])
    const { addresses } = await relay.line(({ event }) => event === 'ready')
    const [at = ''] = addresses as string[]
    await kabberJson(aliceHome, 'init')

    const before = await doctor(aliceHome, '--bootstrap', at, ...LISTEN)
    assert.equal(before.observations.node, 'not-running')
    assert.ok(before.ids.includes('warning not-running'), before.ids.join())
    assert.equal(before.exitCode, before.findings.some(({ severity }) => severity === 'error') ? 1 : 0)

    const node = await startNode(t, aliceHome, '--bootstrap', at, '--metrics', '127.0.0.1:0')
    const { metrics } = node.ready as { metrics?: string }
    assert.match(await (await fetch(`http://${metrics}/metrics`)).text(), /^kabber_outbox_messages 0$/m)
    for (;;) {
      const [status] = await kabberJson(aliceHome, 'status')
      if (Number(status?.connectedPeers) > 0) {
        break
      }
    }
    const running = await doctor(aliceHome)
    assert.equal(running.observations.node, 'running')
    assert.ok(
      !running.ids.some((id) => /dht-alone|no-bootstrap|wrong-clock|version|not-running/.test(id)),
      running.ids.join(),
    )
    const ofRelay = await doctor(relayHome)
    assert.equal(ofRelay.observations.node, 'running')
    assert.equal(ofRelay.observations.isRelay, true)
    assert.equal(ofRelay.exitCode, 0, ofRelay.ids.join())

    await relay.end('SIGKILL')
    assert.ok((await doctor(aliceHome)).ids.some((id) => id.endsWith('no-bootstrap')))
    assert.equal(await node.end('SIGTERM'), 0)
    const after = await doctor(aliceHome)
    assert.ok(after.ids.includes('error no-bootstrap'), after.ids.join())
    assert.ok(after.ids.includes('error dht-alone'), after.ids.join())
    assert.equal(after.exitCode, 1)
    const text = await kabber(['--home', aliceHome, 'doctor'])
    assert.match(text.stdout, /^If it ran: Others cannot reach this node\.\n\nerror: [a-z-]+\n {2}[A-Z]/)
  })

  it('finds the port that another program has', async (t) => {
    const home = join(temporaryFolder(t), 'home')
    await kabberJson(home, 'init')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { ids, exitCode } = await doctor(home, '--listen', `/ip4/127.0.0.1/tcp/${port}`)
    assert.ok(ids.includes('error port-in-use'), ids.join())
    assert.equal(exitCode, 1)
  })
})
