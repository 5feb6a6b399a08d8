import assert from 'node:assert/strict'
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { OperationsServer } from '../../../../src/os/operations/operations-server.ts'
import { temporaryFolder } from '../../../support/kabber-process.ts'

const ANSWER = { status: 200, contentType: 'text/plain', body: 'well\n' }

async function started(t: TestContext): Promise<OperationsServer> {
  const server = new OperationsServer(
    { host: '127.0.0.1', port: 0 },
    {
      '/healthz': async () => ANSWER,
      '/broken': async () => {
        throw new Error('no luck')
      },
    },
  )
  t.after(() => server.stop())
  await server.start()
  return server
}

describe('the server of metrics and health', () => {
  it('answers GET and HEAD of what it has, and nothing else', async (t) => {
    const { port } = await started(t)
    const base = `http://127.0.0.1:${port}`
    const well = await fetch(`${base}/healthz?x=y`)
    assert.equal(well.status, 200)
    assert.equal(await well.text(), 'well\n')
    assert.equal(await (await fetch(`${base}/healthz`, { method: 'HEAD' })).text(), '')
    assert.equal((await fetch(`${base}/healthz`, { method: 'POST', body: 'x' })).status, 405)
    assert.equal((await fetch(`${base}/`)).status, 404)
    assert.equal((await fetch(`${base}/broken`)).status, 500)
  })

  it('cuts off whoever sends too much of a header', async (t) => {
    const { port } = await started(t)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(8_192)}\r\n\r\n`)
    const answer = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))
    assert.match(answer, /^HTTP\/1\.1 431 /)
    socket.destroy()
  })

  it('answers on loopback only to who asks for this machine, so that no web site can read it (DNS rebinding)', async (t) => {
    const { port } = await started(t)
    const ask = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, path: '/healthz', headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.on('error', reject).end()
      })
    for (const host of [`127.0.0.1:${port}`, 'localhost', 'LOCALHOST:80', '[::1]:9600', '192.0.2.7:9600']) {
      assert.equal(await ask(host), 200, host)
    }
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil.example', 'x:y']) {
      assert.equal(await ask(host), 421, host)
    }
  })

  it('has a socket for the owner alone, in the place of one that was left behind', async (t) => {
    const path = join(temporaryFolder(t), 'status.sock')
    const left = createServer()
    await new Promise<void>((resolve) => left.listen(`${path}.old`, resolve))
    renameSync(`${path}.old`, path)
    await new Promise((resolve) => left.close(resolve))
    assert.ok(existsSync(path))
    const server = new OperationsServer({ path }, { '/status': async () => ANSWER })
    t.after(() => server.stop())
    await server.start()
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const status = await new Promise((resolve) => {
      request({ socketPath: path, path: '/status' }, (response) => resolve(response.statusCode)).end()
    })
    assert.equal(status, 200)
    await server.stop()
    assert.ok(!existsSync(path))
  })

  it('replaces no file', async (t) => {
    const path = join(temporaryFolder(t), 'status.sock')
    writeFileSync(path, 'mine')
    const server = new OperationsServer({ path }, {})
    await assert.rejects(server.start(), { code: 'EADDRINUSE' })
    await server.stop()
  })
})
