import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { UnixClientListener } from '../../../src/os/unix-client-listener.ts'
import { connectSocket, openDoor } from '../../support/client-sockets.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kabber-unix-'))
  chmodSync(path, 0o755)
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('only the owner may open the socket, and what others create keeps its mode', async (t) => {
  const path = join(folder(t), 'socket')
  const umask = process.umask()
  const listener = new UnixClientListener({ path })
  await listener.start(() => {})
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(process.umask(), umask)
  await listener.stop()
  assert.equal(existsSync(path), false)
})

test('a socket that a killed node left is replaced', async (t) => {
  const path = join(folder(t), 'socket')
  const left = createServer()
  await new Promise<void>((resolve) => left.listen(path, resolve))
  const listener = new UnixClientListener({ path, webBase: () => 'http://127.0.0.1:5280' })
  const door = await openDoor(listener)
  const socket = await connectSocket({ path })
  const connection = await door.next()
  assert.equal(connection.transport, 'unix')
  assert.equal(connection.webBase, 'http://127.0.0.1:5280')
  assert.equal(connection.canStartTls, false)
  assert.equal(connection.tls(), undefined)
  socket.destroy()
  connection.destroy()
  await listener.stop()
  await new Promise((resolve) => left.close(resolve))
})

test('a file that is no socket is not replaced', async (t) => {
  const path = join(folder(t), 'socket')
  writeFileSync(path, 'precious')
  const listener = new UnixClientListener({ path })
  await assert.rejects(
    listener.start(() => {}),
    { code: 'EADDRINUSE' },
  )
  assert.equal(readFileSync(path, 'utf8'), 'precious')
  await listener.stop()
})

test('a path that is too long for a socket is told, not cut off', async (t) => {
  const listener = new UnixClientListener({ path: join(folder(t), 'x'.repeat(100)) })
  await assert.rejects(
    listener.start(() => {}),
    /longer than 103 bytes/,
  )
  await listener.stop()
})
