import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discoFeature } from '../../../../src/gateway/features/disco.ts'
import { serverCaps } from '../../../../src/gateway/features/disco-info.ts'
import type { Feature } from '../../../../src/gateway/features/feature.ts'
import { pingFeature } from '../../../../src/gateway/features/ping.ts'
import { element } from '../../../../src/xml/element.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { dataForm } from '../../../../src/xmpp/data-form.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'

const ROMEO = `00${'cd'.repeat(32)}@id.internal`
const NS_INFO = 'http://jabber.org/protocol/disco#info'

/** Something like PEP: announced, with a node of its own that contacts see. */
function pubsubLike(): Feature {
  return {
    payloads: {},
    disco: {
      account: ['http://jabber.org/protocol/pubsub#publish', 'urn:x:private'],
      server: ['urn:x:server', 'urn:xmpp:ping'],
    },
    identities: { account: [{ category: 'pubsub', type: 'pep' }] },
    forms: { upload: [dataForm('result', 'urn:x:form', [{ name: 'size', values: ['5'] }])] },
    items: async (target, { session }) =>
      target === 'account' ? [{ jid: 'a.lit', node: session === undefined ? 'open' : 'all', name: 'Items' }] : [],
    discoNode: async (target, node) =>
      target === 'account' && node === 'open' ? element('query', NS_INFO, { node }) : undefined,
  }
}

function worldOfDisco(): FeatureWorld {
  const world = new FeatureWorld()
  world.make([discoFeature, pingFeature, pubsubLike])
  return world
}

function info(to: string, node?: string): string {
  return `<iq type='get' ${to}><query xmlns='${NS_INFO}'${node === undefined ? '' : ` node='${node}'`}/></iq>`
}

function items(to: string, node?: string): string {
  return `<iq type='get' ${to}><query xmlns='http://jabber.org/protocol/disco#items'${node === undefined ? '' : ` node='${node}'`}/></iq>`
}

function features(...names: string[]): string {
  return names.map((name) => `<feature var="${name}"/>`).join('')
}

test('the server announces what all features do, each once, in order', async () => {
  const world = worldOfDisco()
  assert.equal(
    await world.ask(world.bind('balcony'), info(`to='id.internal'`)),
    `<iq type="result"><query xmlns="${NS_INFO}"><identity category="server" type="im" name="Kabber"/>${features(
      'http://jabber.org/protocol/caps',
      NS_INFO,
      'http://jabber.org/protocol/disco#items',
      'urn:x:server',
      'urn:xmpp:ping',
    )}</query></iq>`,
  )
})

const ACCOUNT_IDENTITIES = '<identity category="account" type="registered"/><identity category="pubsub" type="pep"/>'

test('the account tells its owner everything', async () => {
  const world = worldOfDisco()
  assert.equal(
    await world.ask(world.bind('balcony'), info('')),
    `<iq type="result"><query xmlns="${NS_INFO}">${ACCOUNT_IDENTITIES}${features(
      NS_INFO,
      'http://jabber.org/protocol/disco#items',
      'http://jabber.org/protocol/pubsub#publish',
      'urn:x:private',
      'urn:xmpp:ping',
    )}</query></iq>`,
  )
})

test('the account tells contacts what concerns them, and others nothing', async () => {
  const world = worldOfDisco()
  assert.match(await world.ask(ROMEO, info('')), /<service-unavailable/)
  world.account.putRosterItem({ jid: ROMEO, subscription: 'to' })
  assert.match(await world.ask(ROMEO, info('')), /<service-unavailable/)
  world.account.putRosterItem({ jid: ROMEO, subscription: 'from' })
  assert.equal(
    await world.ask(`${ROMEO}/orchard`, info('')),
    `<iq type="result"><query xmlns="${NS_INFO}">${ACCOUNT_IDENTITIES}${features(
      NS_INFO,
      'http://jabber.org/protocol/disco#items',
      'http://jabber.org/protocol/pubsub#publish',
      'urn:xmpp:ping',
    )}</query></iq>`,
  )
})

test('forms stand after the features', async () => {
  const world = worldOfDisco()
  assert.equal(
    await world.ask(world.bind('balcony'), info(`to='upload.id.internal'`)),
    `<iq type="result"><query xmlns="${NS_INFO}">${features(NS_INFO, 'http://jabber.org/protocol/disco#items', 'urn:xmpp:ping')}<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:x:form</value></field><field var="size"><value>5</value></field></x></query></iq>`,
  )
})

test('items are what the features list for who asks', async () => {
  const world = worldOfDisco()
  const list = (inner: string): string =>
    `<iq type="result"><query xmlns="http://jabber.org/protocol/disco#items"${inner}</iq>`
  assert.equal(
    await world.ask(world.bind('balcony'), items('')),
    list('><item jid="a.lit" node="all" name="Items"/></query>'),
  )
  assert.equal(await world.ask(ROMEO, items('')), list('><item jid="a.lit" node="open" name="Items"/></query>'))
  assert.equal(await world.ask(world.bind('chamber'), items(`to='id.internal'`)), list('/>'))
})

test('a node is answered by the feature it belongs to, an unknown one by nobody', async () => {
  const world = worldOfDisco()
  const balcony = world.bind('balcony')
  assert.equal(
    await world.ask(ROMEO, info('', 'open')),
    `<iq type="result"><query xmlns="${NS_INFO}" node="open"/></iq>`,
  )
  assert.match(await world.ask(balcony, info('', 'other')), /<item-not-found/)
  assert.match(await world.ask(balcony, items('', 'other')), /<item-not-found/)
  assert.match(await world.ask(balcony, info(`to='id.internal'`, 'open')), /<item-not-found/)
})

test('the capabilities in stream features lead to the info of the server', async () => {
  const world = new FeatureWorld()
  const made = world.make([discoFeature, pingFeature, pubsubLike])
  const balcony = world.bind('balcony')
  const caps = serverCaps(made)
  assert.match(
    serialize(caps),
    /^<c xmlns="http:\/\/jabber.org\/protocol\/caps" hash="sha-1" node="urn:kabber:node" ver="[\w+/]{27}="\/>$/,
  )
  const node = `${caps.attribute('node')}#${caps.attribute('ver')}`
  const plain = await world.ask(balcony, info(`to='id.internal'`))
  assert.equal((await world.ask(balcony, info(`to='id.internal'`, node))).replace(` node="${node}"`, ''), plain)
  assert.match(await world.ask(balcony, info(`to='id.internal'`, `${caps.attribute('node')}#old`)), /<item-not-found/)
  assert.match(await world.ask(balcony, items(`to='id.internal'`, node)), /<item-not-found/)
})

test('others learn nothing of the server, and nothing can be set', async () => {
  const world = worldOfDisco()
  assert.match(await world.ask(ROMEO, info(`to='id.internal'`)), /<forbidden/)
  assert.match(
    await world.ask(world.bind('balcony'), `<iq type='set'><query xmlns='${NS_INFO}'/></iq>`),
    /<feature-not-implemented/,
  )
})
