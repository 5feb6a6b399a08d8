import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { TcpClientListener, type TcpClientListenerInit } from '../../../src/os/tcp-client-listener.ts'
import type { ClientConnection, TlsSecurity } from '../../../src/system/client-connection.ts'
import {
  connectSecurely,
  connectSocket,
  type Door,
  openDoor,
  socketClient,
  testCertificate,
} from '../../support/client-sockets.ts'

const HOST = '127.0.0.1'
/** OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET; Node has no name for it. */
const NO_EXTENDED_MASTER_SECRET = 1

const certificate = await testCertificate()
const ca = certificate.cert

interface Here {
  readonly listener: TcpClientListener
  readonly door: Door
}

async function listen(t: TestContext, init: Partial<TcpClientListenerInit> = {}): Promise<Here> {
  const listener = new TcpClientListener({ host: HOST, port: 0, mode: 'starttls', certificate, ...init })
  const door = await openDoor(listener)
  t.after(() => listener.stop())
  return { listener, door }
}

/** Both ends of a connection in clear that the node reads. */
async function pair(t: TestContext): Promise<{ socket: Socket; connection: ClientConnection; told: string[] }> {
  const { listener, door } = await listen(t)
  const socket = await connectSocket({ host: HOST, port: listener.port })
  socket.on('error', () => {})
  const connection = await door.next()
  const told: string[] = []
  t.after(() => {
    socket.destroy()
    connection.destroy()
  })
  return { socket, connection, told }
}

/** Waits for a byte in clear and hands everything to `told`. */
function read(connection: ClientConnection, told: string[]): Promise<void> {
  return new Promise((resolve) => {
    connection.open({
      data: (data) => {
        told.push(Buffer.from(data as Uint8Array).toString())
        resolve()
      },
      drained: () => {},
      closed: () => told.push('closed'),
    })
  })
}

test('bytes that came in clear after <starttls/> are never read as if they had come in TLS', async (t) => {
  const { socket, connection, told } = await pair(t)
  const request = read(connection, told)
  socket.write('<starttls/>')
  await request
  connection.write('<proceed/>')
  const upgraded = connection.startTls()
  // An attacker's bytes, between the request and the client's handshake.
  socket.write('<presence from="attacker"/>')
  socket.resume()
  await assert.rejects(upgraded)
  await once(socket, 'close')
  assert.deepEqual(told, ['<starttls/>', 'closed'])
  assert.equal(connection.tls(), undefined)
})

test('bytes in clear that wait in the socket when the handshake begins break it', async (t) => {
  const { socket, connection, told } = await pair(t)
  const request = read(connection, told)
  socket.write('<starttls/>')
  await request
  connection.pause()
  socket.write('<injected/>')
  connection.write('<proceed/>')
  await once(socket, 'data')
  const upgraded = connection.startTls()
  connectSecurely({ socket, ca }).catch(() => {})
  await assert.rejects(upgraded)
  assert.equal(told.includes('<injected/>'), false)
})

test('what is written before startTls leaves in clear, what is written during the handshake inside TLS', async (t) => {
  const { socket, connection, told } = await pair(t)
  const request = read(connection, told)
  socket.write('<starttls/>')
  await request
  connection.write('<proceed/>')
  const upgraded = connection.startTls()
  connection.write('<early/>')
  assert.equal(connection.canStartTls, false)
  const [first] = (await once(socket, 'data')) as [Buffer]
  assert.equal(first.toString(), '<proceed/>')
  socket.removeAllListeners('data')
  const client = socketClient(await connectSecurely({ socket, ca }))
  await upgraded
  await client.until('<early/>')
  assert.equal(connection.tls()?.version, 'TLSv1.3')
  assert.equal(connection.canStartTls, false)
})

test('a handshake that takes longer than ten seconds ends the connection', async (t) => {
  const { socket, connection, told } = await pair(t)
  const request = read(connection, told)
  socket.write('<starttls/>')
  await request
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const upgraded = connection.startTls()
  await Promise.resolve()
  t.mock.timers.tick(10_000)
  t.mock.timers.reset()
  await assert.rejects(upgraded, /10000 ms/)
  socket.resume()
  await once(socket, 'close')
})

test('a client that leaves in the middle of the handshake ends it', async (t) => {
  const { socket, connection, told } = await pair(t)
  const request = read(connection, told)
  socket.write('<starttls/>')
  await request
  const upgraded = connection.startTls()
  socket.destroy()
  await assert.rejects(upgraded)
})

test('without a certificate there is no STARTTLS', async (t) => {
  const listener = new TcpClientListener({ host: HOST, port: 0, mode: 'starttls' })
  const door = await openDoor(listener)
  const socket = await connectSocket({ host: HOST, port: listener.port })
  const connection = await door.next()
  t.after(() => {
    socket.destroy()
    connection.destroy()
    return listener.stop()
  })
  assert.equal(connection.canStartTls, false)
  await assert.rejects(connection.startTls(), { name: 'AssertionError' })
})

async function securely(
  t: TestContext,
  options: ConnectionOptions,
): Promise<{ client: TLSSocket; server: TlsSecurity; connection: ClientConnection }> {
  const { listener, door } = await listen(t, { mode: 'direct' })
  const client = await connectSecurely({ host: HOST, port: listener.port, ca, ...options })
  const connection = await door.next()
  t.after(() => {
    client.destroy()
    connection.destroy()
  })
  const server = connection.tls()
  assert.ok(server)
  return { client, server, connection }
}

function exporterOf(client: TLSSocket): Uint8Array {
  return new Uint8Array(client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)))
}

test('on TLS 1.3 both sides have the same tls-exporter, and there is no tls-unique', async (t) => {
  const { client, server } = await securely(t, {})
  assert.equal(server.version, 'TLSv1.3')
  assert.deepEqual(server.channelBindings.get('tls-exporter'), exporterOf(client))
  assert.equal(server.channelBindings.has('tls-unique'), false)
})

test('on TLS 1.2 both sides have the same tls-unique and, with the extended master secret, tls-exporter', async (t) => {
  const { client, server } = await securely(t, { maxVersion: 'TLSv1.2' })
  assert.equal(server.version, 'TLSv1.2')
  assert.deepEqual(server.channelBindings.get('tls-unique'), new Uint8Array(client.getFinished() ?? []))
  assert.deepEqual(server.channelBindings.get('tls-exporter'), exporterOf(client))
})

test('on TLS 1.2 without the extended master secret there is no tls-exporter', async (t) => {
  const { server } = await securely(t, { maxVersion: 'TLSv1.2', secureOptions: NO_EXTENDED_MASTER_SECRET })
  assert.equal(server.channelBindings.has('tls-exporter'), false)
  assert.equal(server.channelBindings.has('tls-unique'), true)
})

test('tls-server-end-point is the hash of the certificate that the client sees', async (t) => {
  const { client, server } = await securely(t, {})
  const seen = createHash('sha256').update(client.getPeerCertificate().raw).digest()
  assert.deepEqual(server.channelBindings.get('tls-server-end-point'), new Uint8Array(seen))
})

test('sessions are not resumed, so tls-unique is always the first Finished message of the client', async (t) => {
  const { listener, door } = await listen(t, { mode: 'direct' })
  const options = { host: HOST, port: listener.port, ca, maxVersion: 'TLSv1.2' } as const
  const first = await connectSecurely(options)
  const second = await connectSecurely({ ...options, session: first.getSession() })
  t.after(async () => {
    first.destroy()
    second.destroy()
    for (const connection of [await door.next(), await door.next()]) {
      connection.destroy()
    }
  })
  assert.equal(second.isSessionReused(), false)
})

test('TLS 1.1 is refused, and so is a client that asks for another protocol than xmpp-client', async (t) => {
  const { listener } = await listen(t, { mode: 'direct' })
  const options = { host: HOST, port: listener.port, ca }
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(connectSecurely({ ...options, ...old }))
  await assert.rejects(connectSecurely({ ...options, ALPNProtocols: ['h2'] }))
})

test('direct TLS agrees on xmpp-client by ALPN', async (t) => {
  const { client } = await securely(t, { ALPNProtocols: ['xmpp-client'] })
  assert.equal(client.alpnProtocol, 'xmpp-client')
})

test('whoever speaks no TLS on the direct TLS port is closed and never handed on', async (t) => {
  const { listener, door } = await listen(t, { mode: 'direct' })
  const socket = await connectSocket({ host: HOST, port: listener.port })
  socket.on('error', () => {})
  socket.resume()
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'close')
  const good = await connectSecurely({ host: HOST, port: listener.port, ca })
  const connection = await door.next()
  assert.equal(connection.tls()?.version, 'TLSv1.3')
  good.destroy()
  connection.destroy()
})

test('stop ends handshakes, leaves connections to their user, frees the port and may be called twice', async (t) => {
  const { listener, door } = await listen(t)
  const { port } = listener
  const socket = await connectSocket({ host: HOST, port })
  const connection = await door.next()
  await Promise.all([listener.stop(), listener.stop()])
  const client = socketClient(socket)
  connection.write('<still-here/>')
  await client.until('<still-here/>')
  const again = new TcpClientListener({ host: HOST, port, mode: 'starttls' })
  await again.start(() => {})
  await again.stop()
  connection.end()
  await client.closed
})

test('an address that is in use is told by start', async (t) => {
  const { listener } = await listen(t)
  const second = new TcpClientListener({ host: HOST, port: listener.port, mode: 'starttls' })
  await assert.rejects(
    second.start(() => {}),
    { code: 'EADDRINUSE' },
  )
  await second.stop()
})

test('the web base is that of the address at which the client reached us', async (t) => {
  const { listener, door } = await listen(t, { webBase: (address) => `http://${address}:5280` })
  const socket = await connectSocket({ host: HOST, port: listener.port })
  const connection = await door.next()
  assert.equal(connection.webBase, 'http://127.0.0.1:5280')
  socket.destroy()
  connection.destroy()
})
