import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readRunningStatus, relayStatus } from '../../../cli/client/running-status.ts'
import { findHome, type Home } from '../../../cli/find-home.ts'
import { temporaryFolder } from '../../support/kabber-process.ts'

async function homeWhereSomethingAnswers(t: TestContext, listener: RequestListener): Promise<Home> {
  const home = findHome({ home: join(temporaryFolder(t)) })
  const server = createHttpServer(listener).listen(home.statusSocketPath)
  t.after(() => server.close())
  await once(server, 'listening')
  return home
}

describe('a relay in a home', () => {
  it('does not run where there is no socket', async (t) => {
    const home = findHome({ home: temporaryFolder(t) })
    assert.equal(await relayStatus(home), undefined)
    assert.deepEqual(await readRunningStatus(home), { node: 'not-running', status: undefined })
  })

  it('runs and does not answer where it has not started, talks nonsense, or hangs up', async (t) => {
    for (const listener of [
      (_request, response) => response.writeHead(503).end('{}'),
      (_request, response) => response.end('nonsense'),
      (request) => request.socket.destroy(),
      (request, response) =>
        response.writeHead(200, { 'content-length': 9 }).write('half', () => request.socket.destroy()),
    ] satisfies RequestListener[]) {
      const home = await homeWhereSomethingAnswers(t, listener)
      await assert.rejects(relayStatus(home), { exitCode: 1, message: /^the relay in \S+ does not tell its status: / })
      assert.deepEqual(await readRunningStatus(home), { node: 'no-answer', status: undefined })
    }
  })

  it('is no node of an account', async (t) => {
    const home = findHome({ home: temporaryFolder(t) })
    const server = createServer((socket) => socket.destroy()).listen(home.controlSocketPath)
    t.after(() => server.close())
    await once(server, 'listening')
    assert.deepEqual(await readRunningStatus(home), { node: 'no-answer', status: undefined })
  })
})
