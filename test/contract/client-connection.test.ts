import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext } from 'node:test'
import { TcpClientListener, type TcpClientListenerInit } from '../../src/os/tcp-client-listener.ts'
import { UnixClientListener } from '../../src/os/unix-client-listener.ts'
import { WebListener } from '../../src/os/web-listener.ts'
import type { ClientConnection, ClientListener } from '../../src/system/client-connection.ts'
import {
  connectSecurely,
  connectSocket,
  openDoor,
  socketClient,
  type TestClient,
  testCertificate,
  webSocketClient,
} from '../support/client-sockets.ts'
import { MemoryClient } from '../support/memory-client-connection.ts'
import { RecordingLogger } from '../support/recording-logger.ts'
import { type ConnectedPair, clientConnectionContract } from './client-connection.ts'

const HOST = '127.0.0.1'
const certificate = await testCertificate()
const ca = certificate.cert

describe('client connections', { concurrency: true }, () => {
  clientConnectionContract('MemoryClient', 'tcp', async () => memoryPair('tcp'))
  clientConnectionContract('MemoryClient as a WebSocket', 'websocket', async () => memoryPair('websocket'))

  clientConnectionContract('TcpClientListener in clear', 'tcp', async (t) => {
    const listener = tcp('starttls')
    return connected(t, listener, async () => socketClient(await connectSocket({ host: HOST, port: listener.port })))
  })

  clientConnectionContract('TcpClientListener after STARTTLS', 'tcp', async (t) => {
    const listener = tcp('starttls')
    const door = await openDoor(listener)
    const socket = await connectSocket({ host: HOST, port: listener.port })
    const connection = await door.next()
    const [secure] = await Promise.all([connectSecurely({ socket, ca }), connection.startTls()])
    return cleaned(t, listener, connection, socketClient(secure))
  })

  clientConnectionContract('TcpClientListener with direct TLS', 'tcp', async (t) => {
    const listener = tcp('direct')
    const alpn = { ALPNProtocols: ['xmpp-client'] }
    return connected(t, listener, async () =>
      socketClient(await connectSecurely({ host: HOST, port: listener.port, ca, ...alpn })),
    )
  })

  clientConnectionContract('UnixClientListener', 'unix', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'kabber-unix-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'socket')
    return connected(t, new UnixClientListener({ path }), async () => socketClient(await connectSocket({ path })))
  })

  clientConnectionContract('WebListener over ws:', 'websocket', async (t) => {
    const listener = new WebListener({ host: HOST, port: 0, handlers: [], logger: new RecordingLogger() })
    return loggedIn(await connected(t, listener, () => webSocketClient(`ws://${HOST}:${listener.port}/xmpp-websocket`)))
  })

  clientConnectionContract('WebListener over wss:', 'websocket', async (t) => {
    const listener = new WebListener({ host: HOST, port: 0, certificate, handlers: [], logger: new RecordingLogger() })
    return loggedIn(
      await connected(t, listener, () => webSocketClient(`wss://${HOST}:${listener.port}/xmpp-websocket`, { ca })),
    )
  })
})

function tcp(mode: TcpClientListenerInit['mode']): TcpClientListener {
  return new TcpClientListener({ host: HOST, port: 0, mode, certificate })
}

function loggedIn(pair: ConnectedPair): ConnectedPair {
  pair.connection.loggedIn()
  return pair
}

async function connected(
  t: TestContext,
  listener: ClientListener,
  connect: () => Promise<TestClient>,
): Promise<ConnectedPair> {
  const door = await openDoor(listener)
  const [client, connection] = await Promise.all([connect(), door.next()])
  return cleaned(t, listener, connection, client)
}

function cleaned(
  t: TestContext,
  listener: ClientListener,
  connection: ClientConnection,
  client: TestClient,
): ConnectedPair {
  t.after(async () => {
    connection.destroy()
    client.close()
    await Promise.all([listener.stop(), client.closed])
  })
  return { connection, client }
}

function memoryPair(transport: 'tcp' | 'websocket'): ConnectedPair {
  const memory = new MemoryClient({ transport })
  return {
    connection: memory.connection,
    client: {
      send: (text) => memory.send(text),
      received: () => memory.received.join(''),
      until: async (text) => {
        await memory.until(text)
      },
      stopReading: () => memory.stall(),
      close: () => memory.close(),
      closed: memory.closed,
    },
    expire: () => memory.expire(),
  }
}
