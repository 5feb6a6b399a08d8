import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Feature } from '../../../../src/gateway/features/feature.ts'
import { element } from '../../../../src/xml/element.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { HubWorld, JULIET, shorten, stanza, TYBALT } from './hub-world.ts'

const sent = (world: HubWorld): string[] => world.account.sent.splice(0).map((xml) => shorten(serialize(xml)))

test('initial presence is seen by contacts and by all own clients, and shows who else is there', async () => {
  const world = new HubWorld()
  world.account.putRosterItem({ jid: JULIET, subscription: 'both' })
  world.account.putRosterItem({ jid: TYBALT, subscription: 'from' })
  world.account.hearPresence(stanza("<presence from='juliet@net/balcony' to='romeo@net'/>"))
  world.account.hearPresence(stanza("<presence from='tybalt@net/street' to='romeo@net'/>"))
  const home = await world.online('home')
  const garden = world.bind('garden')
  await garden.write('<presence><show>away</show></presence>')
  const own = '<presence from="romeo@net/garden" to="romeo@net"><show>away</show></presence>'
  assert.deepEqual(garden.read(), [
    own,
    '<presence from="romeo@net/home" to="romeo@net"><priority>0</priority></presence>',
    '<presence from="juliet@net/balcony" to="romeo@net"/>',
  ])
  assert.deepEqual(home.read(), [own])
  assert.equal(
    shorten(serialize(world.account.presence.get('garden')!)),
    '<presence from="romeo@net/garden"><show>away</show></presence>',
  )
  await garden.write('<presence/>')
  assert.deepEqual(garden.read(), ['<presence from="romeo@net/garden" to="romeo@net"/>'])
})

test('presence of contacts reaches available clients only', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden', { priority: -5 })
  const silent = world.bind('silent')
  world.account.hearPresence(stanza("<presence from='juliet@net/x' to='romeo@net'/>"))
  world.account.hearPresence(stanza("<presence from='juliet@net/x' to='romeo@net/silent' type='unavailable'/>"))
  world.account.hearPresence(stanza("<presence from='romeo@net/forged' to='romeo@net'/>"))
  assert.deepEqual(garden.read(), ['<presence from="juliet@net/x" to="romeo@net"/>'])
  assert.equal(silent.read().length, 1)
})

test('a client that leaves is unavailable for all who saw it', async () => {
  const world = new HubWorld()
  const home = await world.online('home')
  const garden = await world.online('garden')
  world.account.putRosterItem({ jid: JULIET, subscription: 'both' })
  await garden.write("<presence to='tybalt@net/street'/>")
  await garden.write("<presence to='juliet@net'/>")
  assert.deepEqual(sent(world), [
    '<presence to="tybalt@net/street" from="romeo@net/garden"/>',
    '<presence to="juliet@net" from="romeo@net/garden"/>',
  ])
  home.read()
  garden.bound.ended()
  assert.deepEqual(sent(world), ['<presence from="romeo@net/garden" to="tybalt@net/street" type="unavailable"/>'])
  assert.deepEqual(home.read(), ['<presence from="romeo@net/garden" type="unavailable" to="romeo@net"/>'])
  assert.equal(world.account.presence.has('garden'), false)
})

test('unavailable presence ends the presence, not the session', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  await garden.write("<presence to='tybalt@net'/>")
  await garden.write("<presence to='tybalt@net' type='unavailable'/>")
  sent(world)
  await garden.write("<presence type='unavailable'><status>bye</status></presence>")
  assert.deepEqual(sent(world), [])
  world.hear("<message from='juliet@net' to='romeo@net'><body>hi</body></message>")
  assert.deepEqual(garden.read(), [])
  await garden.write('<presence/>')
  await world.settle()
  assert.equal(garden.read().filter((xml) => xml.startsWith('<message')).length, 1)
})

test('subscription stanzas go in the name of the account, to an account', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  await garden.write("<presence type='subscribe' to='juliet@net/balcony' id='s'><status>me</status></presence>")
  assert.deepEqual(sent(world), [
    '<presence type="subscribe" to="juliet@net" id="s" from="romeo@net"><status>me</status></presence>',
  ])
  await garden.write("<presence type='subscribe' id='s'/>")
  assert.match(garden.read()[0]!, /type="error".*bad-request/)
})

test('a request is shown when it comes and at every login until it is answered', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const request = stanza("<presence type='subscribe' from='tybalt@net' to='romeo@net'/>")
  const item = { jid: TYBALT, pendingIn: true, request, isListed: false }
  world.account.putRosterItem(item)
  world.account.putRosterItem(item)
  const shown = '<presence type="subscribe" from="tybalt@net" to="romeo@net"/>'
  assert.deepEqual(garden.read(), [shown])
  const home = world.bind('home')
  await home.write('<presence/>')
  assert.ok(home.read().includes(shown))
  world.account.putRosterItem({ jid: TYBALT, subscription: 'from' })
  const street = world.bind('street')
  await street.write('<presence/>')
  assert.ok(!street.read().includes(shown))
})

test('answers to requests reach available clients and those that know the roster', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const silent = world.bind('silent')
  const interested = world.bind('interested')
  await interested.write("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
  interested.read()
  world.account.emit({
    type: 'subscription',
    presence: stanza("<presence type='subscribed' from='juliet@net' to='romeo@net'/>"),
  })
  assert.deepEqual(
    [garden, silent, interested].map((client) => client.read().length),
    [1, 0, 1],
  )
})

test('a probe of a client is answered with what is known', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.account.putRosterItem({ jid: JULIET, subscription: 'to' })
  world.account.hearPresence(stanza("<presence from='juliet@net/x' to='romeo@net'/>"))
  garden.read()
  await garden.write("<presence type='probe' to='juliet@net'/>")
  await garden.write("<presence type='probe' to='tybalt@net'/>")
  assert.deepEqual(garden.read(), ['<presence from="juliet@net/x" to="romeo@net"/>'])
  assert.deepEqual(sent(world), [])
})

test('a priority that is none is an error', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  for (const priority of ['128', '-129', '1e2', 'high', '9'.repeat(400)]) {
    await garden.write(`<presence><priority>${priority}</priority></presence>`)
    assert.match(garden.read().join(), /bad-request/, priority)
  }
  await garden.write("<presence type='invisible'/>")
  assert.match(garden.read().join(), /bad-request/)
  assert.equal(world.account.presence.size, 0)
})

test('presence to the own server goes nowhere, to another own client it goes there', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home')
  garden.read()
  await garden.write("<presence to='id.internal'/>")
  await garden.write("<presence to='upload.id.internal'/>")
  await garden.write("<presence to='romeo@net/home'/>")
  assert.deepEqual(sent(world), [])
  assert.deepEqual(garden.read(), [])
  assert.deepEqual(home.read(), ['<presence to="romeo@net/home" from="romeo@net/garden"/>'])
})

test('directed presence has a bound', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  for (let index = 0; index < 1_025; index++) {
    await garden.write(`<presence to='tybalt@net/${index}'/>`)
  }
  assert.match(garden.read().join(), /resource-constraint/)
  assert.equal(sent(world).length, 1_024)
})

test('features see presence come and go, and may add to what leaves', async () => {
  const seen: string[] = []
  const feature: Feature = {
    payloads: {},
    outgoingPresence: (presence) => presence.append(element('x', 'vcard-temp:x:update')),
    available: (session) => seen.push(`available ${session.jid.resource}`),
    ended: (session) => seen.push(`ended ${session.jid.resource}`),
    contactPresence: (presence) => seen.push(`contact ${presence.attribute('type') ?? 'available'}`),
  }
  const world = new HubWorld({ features: [() => feature] })
  world.account.putRosterItem({ jid: JULIET, subscription: 'to' })
  const garden = world.bind('garden')
  await garden.write('<presence/>')
  assert.deepEqual(garden.read(), [
    '<presence from="romeo@net/garden" to="romeo@net"><x xmlns="vcard-temp:x:update"/></presence>',
  ])
  await garden.write("<presence to='tybalt@net'/>")
  assert.match(sent(world)[0]!, /vcard-temp:x:update/)
  world.account.hearPresence(stanza("<presence from='juliet@net/x' to='romeo@net'/>"))
  garden.bound.ended()
  assert.deepEqual(seen, ['available garden', 'contact available', 'ended garden'])
})

test('presence that a stranger directs to a client is for that client, not for features', async () => {
  const seen: string[] = []
  const feature: Feature = { payloads: {}, contactPresence: (presence) => seen.push(shorten(serialize(presence))) }
  const world = new HubWorld({ features: [() => feature] })
  const garden = await world.online('garden')
  garden.read()
  world.account.hearPresence(stanza("<presence from='tybalt@net/street' to='romeo@net/garden'/>"))
  assert.deepEqual(garden.read(), ['<presence from="tybalt@net/street" to="romeo@net/garden"/>'])
  assert.deepEqual(seen, [])
  world.account.hearPresence(stanza("<presence type='unavailable' from='tybalt@net/street' to='romeo@net/garden'/>"))
  assert.equal(seen.length, 1)
})
