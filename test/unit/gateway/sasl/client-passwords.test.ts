import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { ClientPasswords } from '../../../../src/gateway/sasl/client-passwords.ts'
import { gatewayTables } from '../../../../src/gateway/schema.ts'
import { clientPasswordsTable } from '../../../../src/gateway/tables/client-passwords.ts'
import { StanzaError } from '../../../../src/xmpp/stanza-error.ts'
import { ALICE, BOB } from '../../../support/stream-world.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

const HOUR_MS = 3_600_000

function make(seed = 'passwords') {
  const clock = new VirtualClock()
  const store = new MemoryStore({ version: 3, tables: gatewayTables, upgrades: [] })
  return { clock, store, passwords: new ClientPasswords({ clock, random: new SeededRandom(seed), store }) }
}

function refusal(condition: string): (error: unknown) => boolean {
  return (error) => error instanceof StanzaError && error.condition === condition
}

test('a password is made of 26 random letters of 5 bits, in groups', async () => {
  const { passwords } = make()
  const first = await passwords.add(ALICE, 'phone')
  const second = await passwords.add(ALICE, 'desk')
  assert.match(first, /^[0-9a-hjkmnp-tv-z]{6}-[0-9a-hjkmnp-tv-z]{7}-[0-9a-hjkmnp-tv-z]{6}-[0-9a-hjkmnp-tv-z]{7}$/)
  assert.notEqual(first, second)
  assert.equal(passwords.findByPassword(ALICE, first), 'phone')
  assert.equal(passwords.findByPassword(ALICE, second), 'desk')
  assert.equal(passwords.findByPassword(BOB, first), undefined)
  assert.equal(passwords.findByPassword(undefined, first), undefined)
})

test('neither the password nor anything with which one can log in is on disk', async () => {
  const { passwords, store } = make()
  const password = await passwords.add(ALICE, 'phone')
  const row = store.read.get(clientPasswordsTable, [ALICE, 'phone'])
  assert.ok(row !== undefined)
  assert.equal(JSON.stringify(row).includes(password), false)
  assert.deepEqual([row.iterations, row.sha1_stored_key.length, row.sha256_stored_key.length], [4096, 20, 32])
})

test('passwords of one account have one salt, of different accounts and hashes different ones', async () => {
  const { passwords } = make()
  const salts = [
    passwords.salt('sha256', ALICE),
    passwords.salt('sha1', ALICE),
    passwords.salt('sha256', BOB),
    passwords.salt('sha256', 'nobody'),
  ].map((salt) => Buffer.from(salt).toString('hex'))
  assert.equal(new Set(salts).size, 4)
  assert.deepEqual(passwords.salt('sha256', 'nobody'), passwords.salt('sha256', 'nobody'))
})

test('salts are the same after a restart', async () => {
  const { clock, store, passwords } = make()
  await passwords.add(ALICE, 'phone')
  const again = new ClientPasswords({ clock, random: new SeededRandom('another'), store })
  assert.deepEqual(again.salt('sha1', ALICE), passwords.salt('sha1', ALICE))
})

test('a name is used once, and must be one that can be shown', async () => {
  const { passwords } = make()
  await passwords.add(ALICE, 'phone')
  await assert.rejects(passwords.add(ALICE, 'phone'), refusal('conflict'))
  for (const name of ['', ' phone', 'phone ', 'a\nb', 'x'.repeat(65), '\u202e']) {
    await assert.rejects(passwords.add(ALICE, name), refusal('not-acceptable'), JSON.stringify(name))
  }
  for (const password of ['', 'a\u0007', 'x'.repeat(257)]) {
    await assert.rejects(passwords.add(ALICE, 'other', { password }), refusal('not-acceptable'))
  }
  assert.equal(passwords.has(ALICE, 'phone'), true)
  assert.equal(passwords.has(ALICE, 'other'), false)
})

test('an account has at most 64 passwords', async () => {
  const { passwords } = make()
  for (let number = 0; number < 64; number++) {
    await passwords.add(ALICE, `app ${number}`, { password: 'pencil' })
  }
  await assert.rejects(passwords.add(ALICE, 'one more'), refusal('resource-constraint'))
  await passwords.add(BOB, 'one')
})

test('a password that has expired is refused, and makes room', async () => {
  const { clock, passwords } = make()
  await passwords.add(ALICE, 'web', { password: 'pencil', expiresMs: clock.wallMs() + HOUR_MS })
  assert.equal(passwords.findByPassword(ALICE, 'pencil'), 'web')
  await clock.advance(HOUR_MS)
  assert.equal(passwords.findByPassword(ALICE, 'pencil'), undefined)
  await passwords.add(ALICE, 'other')
  assert.deepEqual(
    passwords.list(ALICE).map(({ name }) => name),
    ['other'],
  )
})

test('a revoked password is gone, and its sessions are told', async () => {
  const { passwords } = make()
  await passwords.add(ALICE, 'phone', { password: 'pencil' })
  const revoked: unknown[] = []
  const stop = passwords.onRevoked((event) => revoked.push(event))
  assert.equal(await passwords.revoke(ALICE, 'desk'), false)
  assert.equal(await passwords.revoke(ALICE, 'phone'), true)
  stop()
  assert.deepEqual(revoked, [{ account: ALICE, name: 'phone' }])
  assert.equal(passwords.findByPassword(ALICE, 'pencil'), undefined)
})

test('the list says when a password was made and last used', async () => {
  const { clock, passwords } = make()
  await passwords.add(ALICE, 'phone')
  const createdMs = clock.wallMs()
  assert.deepEqual(passwords.list(ALICE), [{ name: 'phone', createdMs, usedMs: undefined, expiresMs: undefined }])
  await clock.advance(HOUR_MS)
  passwords.used(ALICE, 'phone')
  assert.equal(passwords.list(ALICE)[0]?.usedMs, createdMs + HOUR_MS)
})

test('a password typed with other code points for the same letters is the same', async () => {
  const { passwords } = make()
  await passwords.add(ALICE, 'phone', { password: 'caf\u00e9' })
  assert.equal(passwords.findByPassword(ALICE, 'cafe\u0301'), 'phone')
})
