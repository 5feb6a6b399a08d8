import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStore } from '../../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { ClientPasswords } from '../../../../src/gateway/sasl/client-passwords.ts'
import { gatewayTables } from '../../../../src/gateway/schema.ts'
import { WebLogins } from '../../../../src/gateway/web/web-logins.ts'
import type { WebRequest, WebResponse } from '../../../../src/system/web.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

const JULIET = `00${'ab'.repeat(32)}@id.internal`
const BASE = 'http://127.0.0.1:5280'
const FIVE_MINUTES_MS = 300_000

interface World {
  readonly clock: VirtualClock
  readonly passwords: ClientPasswords
  readonly logins: WebLogins
  post(body: string, changes?: Partial<WebRequest>): Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, string>>
}

function world(): World {
  const clock = new VirtualClock(Date.UTC(2026, 10, 22))
  const random = new SeededRandom('web logins')
  const store = new MemoryStore({ version: 3, tables: [...gatewayTables], upgrades: [] })
  const passwords = new ClientPasswords({ clock, random, store })
  const logins = new WebLogins({ clock, random, passwords, websocketPath: '/xmpp-websocket' })
  return {
    clock,
    passwords,
    logins,
    post: async (body, changes = {}) => {
      const headers = { origin: BASE, 'content-type': 'application/json' }
      const request = { method: 'POST', path: '/login', base: BASE, headers, body: bodyOf(body), ...changes }
      return readAnswer(await logins.handle(request))
    },
  }
}

function bodyOf(text: string): WebRequest['body'] {
  return async function* (maxBytes) {
    const bytes = new TextEncoder().encode(text)
    if (bytes.length > maxBytes) {
      throw new RangeError('too long')
    }
    for (const byte of bytes) {
      yield Uint8Array.of(byte)
    }
  }
}

function readAnswer(response: WebResponse | undefined): Answer {
  assert.ok(response !== undefined)
  return { status: response.status, headers: response.headers ?? {}, body: JSON.parse(String(response.body)) }
}

describe('a web login', () => {
  it('gives address, password and WebSocket for a token', async () => {
    const { logins, passwords, post } = world()
    const { token } = logins.create(JULIET)
    assert.match(token, /^[0-9a-f]{40}$/)
    const { status, headers, body } = await post(JSON.stringify({ token }))
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(body.jid, JULIET)
    assert.equal(body.websocketUrl, 'ws://127.0.0.1:5280/xmpp-websocket')
    assert.ok((body.password?.length ?? 0) >= 20)
    assert.deepEqual(
      passwords.list(JULIET).map(({ name }) => name),
      ['web chat 1'],
    )
  })

  it('names a WebSocket over TLS where the page came over TLS', async () => {
    const { logins, post } = world()
    const { token } = logins.create(JULIET)
    const base = 'https://[::1]:443'
    const { body } = await post(JSON.stringify({ token }), {
      base,
      headers: { origin: base, 'content-type': 'application/json; charset=utf-8' },
    })
    assert.equal(body.websocketUrl, 'wss://[::1]:443/xmpp-websocket')
  })

  it('takes a token once', async () => {
    const { logins, post } = world()
    const body = JSON.stringify(logins.create(JULIET))
    assert.equal((await post(body)).status, 200)
    assert.equal((await post(body)).status, 403)
  })

  it('takes a token for five minutes', async () => {
    const { clock, logins, post } = world()
    const [early, late] = [logins.create(JULIET), logins.create(JULIET)]
    await clock.advance(FIVE_MINUTES_MS - 1)
    assert.equal((await post(JSON.stringify(early))).status, 200)
    await clock.advance(1)
    assert.equal((await post(JSON.stringify(late))).status, 403)
    assert.equal(late.expiresMs, clock.wallMs())
  })

  it('keeps 64 tokens, the newest', async () => {
    const { logins, post } = world()
    const tokens = Array.from({ length: 65 }, () => logins.create(JULIET))
    assert.equal((await post(JSON.stringify(tokens[0]))).status, 403)
    assert.equal((await post(JSON.stringify(tokens[1]))).status, 200)
  })

  it('refuses pages of others, and their attempt does not use the token up', async () => {
    const { logins, post } = world()
    const body = JSON.stringify(logins.create(JULIET))
    const type = { 'content-type': 'application/json' }
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:5281', 'https://127.0.0.1:5280']) {
      assert.equal((await post(body, { headers: { ...type, origin } })).status, 403)
    }
    assert.equal((await post(body, { headers: type })).status, 403, 'browsers always name the origin of a POST')
    assert.equal((await post(body)).status, 200)
  })

  for (const [what, body] of [
    ['no JSON', 'token=abc'],
    ['no object', '"abc"'],
    ['null', 'null'],
    ['no token', '{}'],
    ['a token that is no text', '{"token":{"toString":1}}'],
    ['a body that is too long', `{"token":"${'a'.repeat(600)}"}`],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.equal((await world().post(body)).status, 400)
    })
  }

  it('refuses a form and other methods, and leaves other paths alone', async () => {
    const { logins, post } = world()
    const body = JSON.stringify(logins.create(JULIET))
    const form = { origin: BASE, 'content-type': 'text/plain' }
    assert.equal((await post(body, { headers: form })).status, 400)
    assert.equal((await post(body, { method: 'GET' })).status, 405)
    const request = { method: 'POST', path: '/login/', base: BASE, headers: {}, body: bodyOf(body) }
    assert.equal(await logins.handle(request), undefined)
  })

  it('replaces the oldest password when eight browsers are logged in, and touches no other password', async () => {
    const { clock, logins, passwords, post } = world()
    await passwords.add(JULIET, 'phone')
    await passwords.add(JULIET, 'web chat of mine')
    for (let browser = 0; browser < 8; browser++) {
      await clock.advance(1_000)
      await post(JSON.stringify(logins.create(JULIET)))
    }
    const before = passwords.list(JULIET).map(({ name, createdMs }) => `${name} ${createdMs}`)
    await clock.advance(1_000)
    await post(JSON.stringify(logins.create(JULIET)))
    const after = passwords.list(JULIET).map(({ name, createdMs }) => `${name} ${createdMs}`)
    assert.equal(after.length, 10)
    assert.deepEqual(
      before.filter((password) => !after.includes(password)).map((password) => password.slice(0, 10)),
      ['web chat 1'],
    )
    assert.ok(passwords.has(JULIET, 'phone') && passwords.has(JULIET, 'web chat of mine'))
  })

  it('gives two browsers at the same moment a password each', async () => {
    const { logins, passwords, post } = world()
    const both = [logins.create(JULIET), logins.create(JULIET)]
    const answers = await Promise.all(both.map((token) => post(JSON.stringify(token))))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    )
    assert.equal(passwords.list(JULIET).length, 2)
  })
})
