import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type TestContext, test } from 'node:test'
import { WebListener, type WebListenerInit } from '../../../src/os/web-listener.ts'
import type { WebHandler, WebRequest } from '../../../src/system/web.ts'
import {
  connectSocket,
  type Door,
  openDoor,
  socketClient,
  testCertificate,
  webSocketClient,
} from '../../support/client-sockets.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const HOST = '127.0.0.1'
const certificate = await testCertificate()

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Web {
  readonly listener: WebListener
  readonly door: Door
  readonly logger: RecordingLogger
  ask(path: string, options?: RequestOptions & { readonly content?: string }): Promise<Answer>
  /** Sends bytes as they are and gives what came until the connection was closed. */
  raw(bytes: string): Promise<string>
}

async function web(t: TestContext, handlers: readonly WebHandler[], init: Partial<WebListenerInit> = {}): Promise<Web> {
  const logger = new RecordingLogger()
  const listener = new WebListener({ host: HOST, port: 0, handlers, logger, ...init })
  const door = await openDoor(listener)
  t.after(() => listener.stop())
  return {
    listener,
    door,
    logger,
    ask: (path, options = {}) => ask(httpRequest, listener.port, path, options),
    raw: async (bytes) => {
      const client = socketClient(await connectSocket({ host: HOST, port: listener.port }))
      client.send(bytes)
      await client.closed
      return client.received()
    },
  }
}

function ask(
  send: typeof httpRequest,
  port: number,
  path: string,
  { content, ...options }: RequestOptions & { readonly content?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send({ host: HOST, port, path, agent: false, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    request.on('error', reject)
    request.end(content)
  })
}

const echo: WebHandler = async (request) => ({
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ method: request.method, path: request.path, base: request.base }),
})

test('handlers are asked in order, and what none wants is not found', async (t) => {
  const asked: string[] = []
  const { ask } = await web(t, [
    async () => {
      asked.push('first')
      return undefined
    },
    async ({ path }) => {
      asked.push('second')
      return path === '/here' ? { status: 200, body: 'here' } : undefined
    },
  ])
  const here = await ask('/here?token=ignored')
  assert.deepEqual([here.status, here.body, here.headers['content-length']], [200, 'here', '4'])
  assert.equal((await ask('/nowhere')).status, 404)
  assert.deepEqual(asked, ['first', 'second', 'first', 'second'])
})

test('every answer forbids sniffing and referrers, unless its handler says otherwise', async (t) => {
  const { ask } = await web(t, [
    async ({ path }) => (path === '/own' ? { status: 200, headers: { 'Referrer-Policy': 'origin' } } : undefined),
  ])
  for (const path of ['/own', '/other', '/..']) {
    const { headers } = await ask(path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], path === '/own' ? 'origin' : 'no-referrer')
  }
})

test('only addresses, localhost and given names are served (DNS rebinding)', async (t) => {
  const { ask } = await web(t, [echo], { names: ['id.internal'] })
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:5280',
    '[::1]:5280',
    'localhost',
    'LOCALHOST:1',
    'Id.Internal',
    '10.1.2.3',
  ]) {
    const answer = await ask('/', { headers: { host } })
    assert.equal(answer.status, 200, host)
    assert.equal(JSON.parse(answer.body).base, `http://${host.toLowerCase()}`)
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'id.internal.',
    'a@127.0.0.1',
    '127.0.0.1:99999',
    '[::1',
  ]) {
    assert.ok([400, 421].includes((await ask('/', { headers: { host } })).status ?? 0), host)
  }
})

test('paths are decoded once; what could mean another path is refused', async (t) => {
  const { ask } = await web(t, [echo])
  const good = { '/': '/', '/a/b?c=/../d': '/a/b', '/a/': '/a/', '/%c3%a9%20x': '/é x', '/%252e%252e/': '/%2e%2e/' }
  for (const [path, expected] of Object.entries(good)) {
    assert.equal(JSON.parse((await ask(path)).body).path, expected)
  }
  const bad = [
    '/..',
    '/a/../b',
    '/%2e%2e/b',
    '/./a',
    '//a',
    '/a//b',
    '/a%2fb',
    '/a%5cb',
    '/a%00',
    '/%ff',
    '/%',
    '/%0d%0a',
  ]
  for (const path of [...bad, `/${'a'.repeat(3_000)}`]) {
    assert.equal((await ask(path)).status, 400, path)
  }
})

test('absolute and asterisk targets, two lengths and no host are refused', async (t) => {
  const { raw } = await web(t, [echo])
  const requests = [
    'GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    '<?xml version="1.0"?><stream:stream>',
  ]
  for (const request of requests) {
    assert.match(await raw(request), /^HTTP\/1\.1 400 /, request)
  }
})

test('a request with two hosts is refused', async (t) => {
  const { raw } = await web(t, [echo])
  const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'
  assert.match(await raw(request), /^HTTP\/1\.1 421 /)
})

test('headers that are too long are refused', async (t) => {
  const { raw } = await web(t, [echo])
  assert.match(await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
})

/** Reads the body and answers with its length. */
const count: WebHandler = async (request: WebRequest) => {
  let bytes = 0
  for await (const chunk of request.body(1_000)) {
    bytes += chunk.byteLength
  }
  return { status: 201, body: String(bytes) }
}

test('a body of up to the bound is read, with and without its length told before', async (t) => {
  const { ask } = await web(t, [count])
  for (const length of [0, 1, 1_000]) {
    const content = 'x'.repeat(length)
    const lengthTold = { method: 'PUT', content, headers: { 'content-length': length } }
    assert.equal((await ask('/', lengthTold)).body, String(length))
    assert.equal(
      (await ask('/', { method: 'PUT', content, headers: { 'transfer-encoding': 'chunked' } })).body,
      String(length),
    )
  }
})

test('a body that is too large is refused with 413', async (t) => {
  const { ask, raw, logger } = await web(t, [count])
  const content = 'x'.repeat(1_001)
  assert.equal((await ask('/', { method: 'PUT', content, headers: { 'content-length': 1_001 } })).status, 413)
  assert.equal((await ask('/', { method: 'PUT', content, headers: { 'transfer-encoding': 'chunked' } })).status, 413)
  // Whoever waits for leave is told before a byte of it was sent.
  const waiting =
    'PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'
  assert.match(await raw(waiting), /^HTTP\/1\.1 413 /)
  assert.deepEqual(logger.lines, [])
})

test('a handler that fails is a 500 without its reason', async (t) => {
  const { ask, logger } = await web(t, [
    async () => {
      throw new Error('the secret reason')
    },
  ])
  const answer = await ask('/')
  assert.equal(answer.status, 500)
  assert.doesNotMatch(answer.body, /secret/)
  assert.equal(logger.lines.length, 1)
})

test('a body is streamed; one that breaks off breaks the connection', async (t) => {
  async function* pieces(fail: boolean): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode('one')
    yield new TextEncoder().encode('two')
    if (fail) {
      throw new Error('disk')
    }
  }
  const { ask } = await web(t, [
    async ({ path }) => ({ status: 200, headers: { 'content-length': '6' }, body: pieces(path === '/fail') }),
    async ({ path }) => ({ status: 200, body: pieces(path === '/fail') }),
  ])
  assert.equal((await ask('/')).body, 'onetwo')
  const chunked = await web(t, [async () => ({ status: 200, body: pieces(true) })])
  await assert.rejects(chunked.ask('/'))
})

test('HEAD has headers only, and the source of the body is closed', async (t) => {
  let isClosed = false
  const body: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => assert.fail('nobody reads it'),
      return: async () => {
        isClosed = true
        return { done: true, value: undefined }
      },
    }),
  }
  const { ask } = await web(t, [async () => ({ status: 200, headers: { 'content-length': '5' }, body })])
  const answer = await ask('/', { method: 'HEAD' })
  assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [200, '', '5'])
  assert.equal(isClosed, true)
})

test('one port speaks HTTP and HTTPS', async (t) => {
  const { listener, ask: askHttp } = await web(t, [echo], { certificate })
  assert.equal(JSON.parse((await askHttp('/')).body).base, `http://127.0.0.1:${listener.port}`)
  const secure = { ca: certificate.cert } as RequestOptions
  const answer = await ask(httpsRequest as typeof httpRequest, listener.port, '/', secure)
  assert.equal(JSON.parse(answer.body).base, `https://127.0.0.1:${listener.port}`)
})

test('on a port with HTTPS, stop ends those who have not said anything yet', async (t) => {
  const { listener } = await web(t, [echo], { certificate })
  const client = socketClient(await connectSocket({ host: HOST, port: listener.port }))
  const other = await connectSocket({ host: HOST, port: listener.port })
  other.on('error', () => {})
  other.resume()
  other.write(Buffer.of(0x16))
  // A whole request on a third connection: the others have been taken by then.
  await ask(httpRequest, listener.port, '/', {})
  await Promise.all([listener.stop(), client.closed, once(other, 'close')])
})

test('the base is told per address at which a client reached us', async (t) => {
  const { listener } = await web(t, [])
  const base = `http://127.0.0.1:${listener.port}`
  assert.equal(listener.baseAt('127.0.0.1'), base)
  assert.equal(listener.baseAt('::ffff:127.0.0.1'), base)
  assert.equal(listener.baseAt('::1'), base)
  assert.equal(listener.baseAt('192.168.1.2'), undefined)
  const everywhere = await web(t, [], { host: '0.0.0.0', certificate })
  assert.equal(everywhere.listener.baseAt('192.168.1.2'), `https://192.168.1.2:${everywhere.listener.port}`)
  assert.equal(everywhere.listener.baseAt('127.0.0.1'), `http://127.0.0.1:${everywhere.listener.port}`)
  assert.equal(everywhere.listener.baseAt('2001:db8::1'), undefined)
})

test('a WebSocket needs the subprotocol xmpp, the path and a page of the same origin', async (t) => {
  const { listener, door } = await web(t, [], { names: ['id.internal'] })
  const url = `ws://${HOST}:${listener.port}/xmpp-websocket`
  const refused: [string, Parameters<typeof webSocketClient>[1], RegExp][] = [
    [url, { protocols: [] }, /400/],
    [url, { protocols: ['chat'] }, /400/],
    [`ws://${HOST}:${listener.port}/`, {}, /404/],
    [url, { headers: { origin: 'https://evil.example' } }, /403/],
    [url, { headers: { origin: 'null' } }, /403/],
    [url, { headers: { origin: `http://${HOST}:1` } }, /403/],
    [url, { headers: { origin: `http://localhost:${listener.port}` } }, /403/],
    [url, { headers: { origin: `http://${HOST}` } }, /403/],
    [url, { headers: { origin: 'http://evil.example', host: 'evil.example' } }, /421/],
  ]
  for (const [to, options, status] of refused) {
    await assert.rejects(webSocketClient(to, options ?? {}), status)
  }
  const origins = [`http://${HOST}:${listener.port}`, undefined]
  for (const origin of origins) {
    const client = await webSocketClient(url, origin === undefined ? {} : { headers: { origin } })
    assert.equal(client.webSocket.protocol, 'xmpp')
    assert.equal(client.webSocket.extensions, '')
    const connection = await door.next()
    assert.equal(connection.webBase, `http://${HOST}:${listener.port}`)
    assert.equal(connection.canStartTls, false)
    await assert.rejects(connection.startTls())
    client.close()
    connection.destroy()
  }
  const proxied = await webSocketClient(url, { headers: { 'x-forwarded-for': '203.0.113.1' } })
  const connection = await door.next()
  assert.equal(connection.isLocal, false)
  proxied.close()
  connection.destroy()
})

test('wss has the channel bindings of its TLS', async (t) => {
  const { listener, door } = await web(t, [], { certificate })
  const url = `wss://${HOST}:${listener.port}/xmpp-websocket`
  const client = await webSocketClient(url, { ca: certificate.cert })
  const connection = await door.next()
  assert.deepEqual([...(connection.tls()?.channelBindings.keys() ?? [])], ['tls-exporter', 'tls-server-end-point'])
  client.close()
  connection.destroy()
})

async function openWebSocket(
  t: TestContext,
): Promise<{ told: string[]; client: Awaited<ReturnType<typeof webSocketClient>>; loggedIn: () => void }> {
  const { listener, door } = await web(t, [])
  const client = await webSocketClient(`ws://${HOST}:${listener.port}/xmpp-websocket`)
  const connection = await door.next()
  const told: string[] = []
  connection.open({
    data: (data) => {
      told.push(String(data).slice(0, 10))
      connection.write('<taken/>')
    },
    drained: () => {},
    closed: () => {},
  })
  t.after(() => connection.destroy())
  return { told, client, loggedIn: () => connection.loggedIn() }
}

test('binary frames, and frames that are no UTF-8 end a WebSocket', async (t) => {
  const frames: [Buffer, boolean, number][] = [
    [Buffer.from('<a/>'), true, 1003],
    [Buffer.of(0x3c, 0xff), false, 1007],
  ]
  for (const [frame, binary, code] of frames) {
    const { told, client } = await openWebSocket(t)
    client.webSocket.send(frame, { binary })
    const [closeCode] = await once(client.webSocket, 'close')
    assert.equal(closeCode, code)
    assert.deepEqual(told, [])
  }
})

test('before login a frame has at most 10,000 bytes, afterwards as many as a stanza', async (t) => {
  const early = await openWebSocket(t)
  early.client.send('x'.repeat(10_001))
  await early.client.closed
  assert.deepEqual(early.told, [])

  const late = await openWebSocket(t)
  late.loggedIn()
  late.client.send('x'.repeat(262_144))
  await late.client.until('<taken/>')
  late.client.send('y'.repeat(300_000))
  const [code] = await once(late.client.webSocket, 'close')
  assert.equal(code, 1009)
  assert.deepEqual(late.told, ['xxxxxxxxxx'])
})

test('an unfinished frame before login does not stay in memory', async (t) => {
  const { client } = await openWebSocket(t)
  for (let i = 0; i < 20; i++) {
    client.webSocket.send('x'.repeat(1_000), { fin: false })
  }
  await client.closed
})

test('another upgrade than to a WebSocket is refused', async (t) => {
  const { raw } = await web(t, [])
  const upgrade = 'GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
  assert.match(await raw(upgrade), /^HTTP\/1\.1 400 /)
})

test('stop ends HTTP connections and waits for handlers, WebSockets stay', async (t) => {
  let isDone = false
  let begun = (): void => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const { listener, door } = await web(t, [
    async (request) => {
      begun()
      try {
        for await (const _ of request.body(10)) {
          // Nothing comes.
        }
      } finally {
        isDone = true
      }
      return { status: 200 }
    },
  ])
  const client = await webSocketClient(`ws://${HOST}:${listener.port}/xmpp-websocket`)
  const connection = await door.next()
  const slow = socketClient(await connectSocket({ host: HOST, port: listener.port }))
  slow.send('PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n')
  await hasBegun
  await Promise.all([listener.stop(), slow.closed])
  assert.equal(isDone, true)
  connection.write('<still-here/>')
  await client.until('<still-here/>')
  connection.end()
  await client.closed
})
