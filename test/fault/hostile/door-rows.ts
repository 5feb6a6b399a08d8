import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { request } from 'node:http'
import { WebSocket } from 'ws'
import type { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { connectSecurely, connectSocket } from '../../support/client-sockets.ts'
import { HEADER, HostileClient } from './hostile-client.ts'
import { assertAll, type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const RANDOM_STREAMS = 200
const HANDSHAKE_MAX_MS = 12_000
const TEXTS_OF_HTTP = [
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  'POST /xmpp HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n<a/>',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]

/** X18 and what comes to the wrong door. */
export function doorRows(node: VictimNode, random: SeededRandom): readonly Row[] {
  return [
    sockets(node),
    wrongProtocol(node),
    clearOnTls(node),
    randomBytes(node, random),
    upgrades(node),
    frames(node),
    foreignHosts(node),
  ]
}

function sockets(node: VictimNode): Row {
  return {
    id: 'X18',
    sent: 'ss -ltnp and -lunp',
    must: 'exactly four TCP sockets (nodes, xmpp, xmpps, web), no UDP, all on 127.0.0.1',
    run: async () => {
      const own = (option: string): string[] =>
        execFileSync('ss', [option], { encoding: 'utf8' })
          .split('\n')
          .filter((line) => line.includes(`pid=${node.pid},`))
          .map((line) => line.split(/\s+/u)[3] ?? '')
          .sort()
      const { xmpp, xmpps, web } = node.doors
      const libp2p = node.addresses.map((address) => /\/tcp\/(\d+)/u.exec(address)?.[1])
      const expected = [xmpp, xmpps, web, ...libp2p].map((port) => `127.0.0.1:${port}`).sort()
      assert.deepEqual(own('-ltnp'), expected)
      assert.deepEqual(own('-lunp'), [])
      return `${expected.length} sockets, no UDP`
    },
  }
}

function wrongProtocol(node: VictimNode): Row {
  return {
    id: 'doors',
    sent: 'HTTP and a TLS handshake on the XMPP port',
    must: 'a stream error, closed',
    run: async () => {
      const endings: string[] = []
      for (const text of TEXTS_OF_HTTP) {
        const client = await HostileClient.connect(node.doors.xmpp)
        client.send(text)
        endings.push(await client.ending())
      }
      const tls = connectSecurely({ host: '127.0.0.1', port: node.doors.xmpp, rejectUnauthorized: false })
      const handshake = await tls.then(
        () => 'a handshake',
        () => 'no handshake',
      )
      assert.equal(handshake, 'no handshake')
      return `${assertAll(endings, 'not-well-formed')}; TLS: ${handshake}`
    },
  }
}

function clearOnTls(node: VictimNode): Row {
  return {
    id: 'doors',
    sent: 'a stream in clear, HTTP, random bytes and nothing on the TLS port',
    must: 'closed within the 10 s of a handshake, without a word of XMPP',
    run: async () => {
      const ended = [HEADER, ...TEXTS_OF_HTTP, '\0\u0001', ''].map(async (text) => {
        const socket = await connectSocket({ host: '127.0.0.1', port: node.doors.xmpps })
        const startMs = performance.now()
        let heard = ''
        socket.on('error', () => {})
        socket.on('data', (bytes: Buffer) => {
          heard += bytes.toString('latin1')
        })
        socket.write(text)
        await new Promise((resolve) => socket.once('close', resolve))
        assert.ok(!heard.includes('stream'))
        return performance.now() - startMs
      })
      const slowest = Math.max(...(await Promise.all(ended)))
      assert.ok(slowest < HANDSHAKE_MAX_MS)
      return `all ${ended.length} closed, the last after ${(slowest / 1_000).toFixed(1)} s`
    },
  }
}

function randomBytes(node: VictimNode, random: SeededRandom): Row {
  return {
    id: 'doors',
    sent: `${RANDOM_STREAMS} connections with up to 4 KB of random bytes, half of them behind a stream header`,
    must: 'a stream error, or closed by the client; the node lives',
    run: async () => {
      const endings: string[] = []
      for (let times = 0; times < RANDOM_STREAMS; times++) {
        const client = await HostileClient.connect(node.doors.xmpp)
        client.send(times % 2 === 0 ? HEADER : '')
        client.send(random.bytes(1 + random.uniform(4_096)))
        // What looks unfinished would wait for its end.
        client.send('>>><')
        client.socket.end()
        endings.push(await client.ending())
      }
      await (await HostileClient.connect(node.doors.xmpp)).open()
      assert.ok(!endings.includes('internal-server-error') && !endings.includes('not closed'))
      return tally(endings)
    },
  }
}

function upgrades(node: VictimNode): Row {
  const port = node.doors.web
  const url = `ws://127.0.0.1:${port}/xmpp-websocket`
  const attempts: [string, string, string[], Record<string, string>][] = [
    ['wrong subprotocol', url, ['chat'], {}],
    ['no subprotocol', url, [], {}],
    ['wrong path', `ws://127.0.0.1:${port}/`, ['xmpp'], {}],
    ['foreign Origin', url, ['xmpp'], { origin: 'https://evil.example' }],
    ['Origin null', url, ['xmpp'], { origin: 'null' }],
    ['Origin of another port', url, ['xmpp'], { origin: 'http://127.0.0.1:1' }],
    ['foreign Host', url, ['xmpp'], { host: 'evil.example' }],
    [
      'foreign Host and its Origin',
      url,
      ['xmpp'],
      { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    ],
  ]
  return {
    id: 'web',
    sent: attempts.map(([name]) => name).join(', '),
    must: '400, 400, 404, 403, 403, 403, 421, 421',
    run: async () => {
      const answers: string[] = []
      for (const [, address, protocols, headers] of attempts) {
        answers.push(await upgrade(address, protocols, headers))
      }
      assert.deepEqual(answers, ['400', '400', '404', '403', '403', '403', '421', '421'])
      return answers.join(', ')
    },
  }
}

/** The status with which an upgrade is refused, or the code with which the open WebSocket closes. */
function upgrade(
  url: string,
  protocols: string[],
  headers: Record<string, string>,
  first?: (socket: WebSocket) => void,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: true })
    socket.on('unexpected-response', (_request, response) => {
      resolve(String(response.statusCode))
      response.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', (code) => resolve(String(code)))
    socket.on('open', () => {
      if (first === undefined) {
        socket.terminate()
        return
      }
      assert.equal(socket.extensions, '')
      first(socket)
    })
  })
}

function frames(node: VictimNode): Row {
  const url = `ws://127.0.0.1:${node.doors.web}/xmpp-websocket`
  const open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='id.internal' version='1.0'/>"
  return {
    id: 'web',
    sent: 'WebSocket frames: binary, 64 KB before login, 1 MB, 1,000 fragments, half an element, two elements, a DTD, with deflate asked for',
    must: '1003 for binary, 1009 or cut off for size, stream errors (1000) for the rest; no deflate',
    run: async () => {
      const sends: [string, (socket: WebSocket) => void][] = [
        ['1003', (socket) => socket.send(Buffer.from(open), { binary: true })],
        ['1009', (socket) => socket.send('x'.repeat(65_536))],
        ['1009', (socket) => socket.send('x'.repeat(1_048_576))],
        ['1009', fragments],
        ['1000', (socket) => socket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'")],
        ['1000', (socket) => socket.send(`${open}${open}`)],
        ['1000', (socket) => socket.send(`<!DOCTYPE a>${open}`)],
      ]
      const codes: string[] = []
      for (const [wanted, send] of sends) {
        const code = await upgrade(url, ['xmpp'], {}, send)
        codes.push(code)
        assert.ok(
          code === wanted || (wanted === '1009' && ['1006', '1008', '1002'].includes(code)),
          `${wanted} expected: ${codes}`,
        )
      }
      return codes.join(', ')
    },
  }
}

function fragments(socket: WebSocket): void {
  for (let at = 0; at < 1_000; at++) {
    socket.send('x', { fin: false })
  }
}

function foreignHosts(node: VictimNode): Row {
  const attempts: [string, Record<string, string>, string][] = [
    ['GET', { host: 'evil.example' }, '/'],
    ['GET', { host: `127.0.0.1.evil.example:${node.doors.web}` }, '/'],
    ['POST', { host: 'evil.example' }, '/login'],
    ['POST', { host: `127.0.0.1:${node.doors.web}`, origin: 'https://evil.example' }, '/login'],
    ['POST', { host: `127.0.0.1:${node.doors.web}` }, '/login'],
    ['GET', { host: `127.0.0.1:${node.doors.web}` }, '/../../etc/passwd'],
    ['GET', { host: `127.0.0.1:${node.doors.web}` }, '/%2e%2e/%2e%2e/kabber.sqlite'],
    ['GET', { host: `127.0.0.1:${node.doors.web}` }, '/%00'],
  ]
  return {
    id: 'web',
    sent: 'HTTP with a foreign Host (DNS rebinding), a login from a foreign page, paths that climb',
    must: '421 × 3, 403 × 2, 400 or 404 × 3',
    run: async () => {
      const statuses: number[] = []
      for (const [method, headers, path] of attempts) {
        statuses.push(await status(node.doors.web, method, headers, path))
      }
      assert.deepEqual(statuses.slice(0, 5), [421, 421, 421, 403, 403])
      assert.ok(statuses.slice(5).every((code) => code === 400 || code === 404))
      return statuses.join(', ')
    },
  }
}

function status(port: number, method: string, headers: Record<string, string>, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, headers, path }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.once('error', reject)
    asked.end(method === 'POST' ? '{"token":"00"}' : '')
  })
}
