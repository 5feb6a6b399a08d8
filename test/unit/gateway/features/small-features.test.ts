import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entityTimeFeature } from '../../../../src/gateway/features/entity-time.ts'
import { externalServicesFeature } from '../../../../src/gateway/features/external-services.ts'
import { lastActivityFeature } from '../../../../src/gateway/features/last-activity.ts'
import { pingFeature } from '../../../../src/gateway/features/ping.ts'
import { softwareVersionFeature } from '../../../../src/gateway/features/software-version.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'

const ROMEO = `00${'cd'.repeat(32)}@id.internal`
const FACTORIES = [pingFeature, softwareVersionFeature, entityTimeFeature, externalServicesFeature, lastActivityFeature]

function error(type: string, condition: string, text?: string): string {
  const words =
    text === undefined ? '' : `<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">${text}</text>`
  return `<iq type="error"><error type="${type}"><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>${words}</error></iq>`
}

test('account, server and upload service answer a ping, the account also that of a stranger', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  const balcony = world.bind('balcony')
  for (const to of ['', "to='id.internal'", "to='upload.id.internal'"]) {
    assert.equal(
      await world.ask(balcony, `<iq type='get' ${to}><ping xmlns='urn:xmpp:ping'/></iq>`),
      '<iq type="result"/>',
    )
  }
  assert.equal(
    await world.ask(`${ROMEO}/orchard`, `<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>`),
    '<iq type="result"/>',
  )
  assert.equal(
    await world.ask(balcony, `<iq type='set'><ping xmlns='urn:xmpp:ping'/></iq>`),
    error('cancel', 'feature-not-implemented'),
  )
})

test('the server tells its owner name and version, but no system', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  assert.equal(
    await world.ask(world.bind('balcony'), `<iq type='get' to='id.internal'><query xmlns='jabber:iq:version'/></iq>`),
    '<iq type="result"><query xmlns="jabber:iq:version"><name>Kabber</name><version>1.2.3</version></query></iq>',
  )
  assert.equal(
    await world.ask(ROMEO, `<iq type='get' to='id.internal'><query xmlns='jabber:iq:version'/></iq>`),
    error('auth', 'forbidden'),
  )
})

test('the server tells the time in UTC', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  assert.equal(
    await world.ask(world.bind('balcony'), `<iq type='get' to='id.internal'><time xmlns='urn:xmpp:time'/></iq>`),
    '<iq type="result"><time xmlns="urn:xmpp:time"><tzo>+00:00</tzo><utc>2026-11-22T12:00:00.000Z</utc></time></iq>',
  )
})

test('there are no external services, and no credentials for one', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  const balcony = world.bind('balcony')
  assert.equal(
    await world.ask(
      balcony,
      `<iq type='get' to='id.internal'><services xmlns='urn:xmpp:extdisco:2' type='turn'/></iq>`,
    ),
    '<iq type="result"><services xmlns="urn:xmpp:extdisco:2" type="turn"/></iq>',
  )
  assert.equal(
    await world.ask(balcony, `<iq type='get' to='id.internal'><credentials xmlns='urn:xmpp:extdisco:2'/></iq>`),
    error('cancel', 'item-not-found', 'There is no such service.'),
  )
})

const LAST = `<iq type='get'><query xmlns='jabber:iq:last'/></iq>`
const LAST_OF_SERVER = `<iq type='get' to='id.internal'><query xmlns='jabber:iq:last'/></iq>`

function seconds(count: number): string {
  return `<iq type="result"><query xmlns="jabber:iq:last" seconds="${count}"/></iq>`
}

test('the server says how long it has been up', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  await world.clock.advance(90_500)
  assert.equal(await world.ask(world.bind('balcony'), LAST_OF_SERVER), seconds(90))
})

test('a contact learns how long the account has been away, 0 while a client is available', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  world.account.putRosterItem({ jid: ROMEO, subscription: 'from' })
  await world.clock.advance(5_000)
  assert.equal(await world.ask(`${ROMEO}/orchard`, LAST), seconds(5), 'since the node started')
  const balcony = world.bind('balcony')
  const chamber = world.bind('chamber')
  assert.equal(await world.ask(`${ROMEO}/orchard`, LAST), seconds(0))
  world.end(chamber)
  await world.clock.advance(60_000)
  assert.equal(await world.ask(`${ROMEO}/orchard`, LAST), seconds(0), 'another client is there')
  world.end(balcony)
  await world.clock.advance(60_000)
  assert.equal(await world.ask(`${ROMEO}/orchard`, LAST), seconds(60))
})

test('the time of departure outlives a restart, and a clock that was set back', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  world.end(world.bind('balcony'))
  await world.clock.advance(60_000)
  world.make(FACTORIES)
  const silent = world.bind('chamber', false)
  assert.equal(await world.ask(silent, LAST), seconds(60))
  world.clock.setWallMs(0)
  assert.equal(await world.ask(silent, LAST), seconds(0))
})

test('a client that never was available is nobody who leaves', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  await world.clock.advance(60_000)
  world.end(world.bind('command', false))
  assert.equal(await world.ask(world.bind('command', false), LAST), seconds(60))
})

test('who may not see the presence of the account does not learn its last activity', async () => {
  const world = new FeatureWorld()
  world.make(FACTORIES)
  assert.equal(await world.ask(ROMEO, LAST), error('auth', 'forbidden'))
  world.account.putRosterItem({ jid: ROMEO, subscription: 'to' })
  assert.equal(await world.ask(ROMEO, LAST), error('auth', 'forbidden'))
  assert.equal(await world.ask(ROMEO, LAST_OF_SERVER), error('auth', 'forbidden'))
})
