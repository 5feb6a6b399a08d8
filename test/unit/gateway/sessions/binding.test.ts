import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StanzaError } from '../../../../src/xmpp/stanza-error.ts'
import { HubWorld, ROMEO } from './hub-world.ts'

test('a client gets the resource it asks for, or one that nobody guesses', () => {
  const world = new HubWorld()
  assert.equal(world.bind('garden').bound.jid.toString(), `${ROMEO}/garden`)
  const [one, other] = [world.bind(), world.bind()]
  assert.match(one.bound.jid.resource!, /^[0-9a-f]{20}$/)
  assert.notEqual(one.bound.jid.resource, other.bound.jid.resource)
})

test('an illegal resource is refused', () => {
  const world = new HubWorld()
  assert.throws(
    () => world.bind('x'.repeat(1_024)),
    (error) => error instanceof StanzaError && error.condition === 'jid-malformed',
  )
  assert.throws(() => world.bind(''), StanzaError)
})

test('a client that asks for a resource in use takes its place', async () => {
  const world = new HubWorld()
  const old = await world.online('garden')
  const home = await world.online('home')
  const next = world.bind('garden')
  assert.equal(old.port.ended?.condition, 'conflict')
  assert.deepEqual(home.read(), ['<presence from="romeo@net/garden" type="unavailable" to="romeo@net"/>'])
  assert.equal(world.account.presence.has('garden'), false)
  await next.write('<presence/>')
  next.read()
  // The stream of the old one notices later.
  old.bound.ended()
  assert.ok(world.account.presence.has('garden'))
  await old.write("<message to='juliet@net'><body>too late</body></message>")
  assert.equal(world.account.sent.length, 0)
  world.hear("<message from='juliet@net' to='romeo@net/garden' type='chat'><body>hi</body></message>")
  assert.equal(next.read().length, 1)
})

test('an account has a thousand clients and a bound', () => {
  const world = new HubWorld()
  for (let index = 0; index < 1_024; index++) {
    world.bind(`client ${index}`)
  }
  assert.throws(
    () => world.bind('one more'),
    (error) => error instanceof StanzaError && error.condition === 'resource-constraint',
  )
  world.bind('client 7')
})

test('when the node stops, clients are told', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  await world.hub.stop()
  await world.hub.stop()
  assert.equal(garden.port.ended?.condition, 'system-shutdown')
  assert.equal(world.account.presence.size, 0)
})
