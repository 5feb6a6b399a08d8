import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startNode } from '../../../cli/node/start-node.ts'
import { kabber, temporaryFolder } from '../../support/kabber-process.ts'

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('a node that cannot start says in one line of plain words', () => {
  it('which address of --listen another program has', async (t) => {
    const port = await takenPort(t)
    const home = join(temporaryFolder(t), 'relay')
    const listen = ['/ip4/127.0.0.1/tcp/0', `/ip4/127.0.0.1/tcp/${port}`].flatMap((one) => ['--listen', one])
    const { exitCode, stderr, json } = await kabber(['--json', '--home', home, 'relay', '--no-metrics', ...listen])
    assert.equal(stderr, `kabber: --listen /ip4/127.0.0.1/tcp/${port}: another program listens there already\n`)
    assert.equal(exitCode, 1)
    assert.equal((json[0] as { error: { condition: string } }).error.condition, 'eaddrinuse')
  })

  it('which address this machine does not have, for nodes and for metrics', async (t) => {
    const home = join(temporaryFolder(t), 'relay')
    const node = await kabber(['--home', home, 'relay', '--no-metrics', '--listen', '/ip4/203.0.113.9/tcp/4001'])
    assert.equal(node.stderr, 'kabber: --listen /ip4/203.0.113.9/tcp/4001: this machine does not have that address\n')
    const metrics = await kabber(['--home', home, 'relay', '--metrics', '203.0.113.9:9600'])
    assert.equal(metrics.stderr, 'kabber: --metrics 203.0.113.9:9600: this machine does not have that address\n')
  })

  it('that its socket cannot be made', async (t) => {
    const home = temporaryFolder(t)
    mkdirSync(join(home, 'status.sock'))
    const { stderr } = await kabber(['--home', home, 'relay', '--no-metrics', '--listen', '/ip4/127.0.0.1/tcp/0'])
    assert.equal(stderr, `kabber: ${home}/status.sock: another program listens there already\n`)
  })

  it('what else it may be, as it is', async () => {
    const error = new Error('no luck')
    await assert.rejects(startNode({ start: () => Promise.reject(error) }), error)
  })
})
