import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockingFeature } from '../../../../src/gateway/features/blocking.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'

const GET = `<iq type='get'><blocklist xmlns='urn:xmpp:blocking'/></iq>`
const DONE = '<iq type="result"/>'

function set(name: 'block' | 'unblock', ...jids: string[]): string {
  const items = jids.map((jid) => `<item jid='${jid}'/>`).join('')
  return `<iq type='set'><${name} xmlns='urn:xmpp:blocking'>${items}</${name}></iq>`
}

/** Takes the pushes away, as `resource payload`. */
function pushes(world: FeatureWorld): string[] {
  return world.pushes
    .splice(0)
    .map((iq) => `${iq.attribute('to')?.split('/')[1]} ${iq.elements().map((payload) => serialize(payload))}`)
}

test('blocked addresses are listed and unblocked again', async () => {
  const world = new FeatureWorld()
  world.make([blockingFeature])
  const balcony = world.bind('balcony')
  assert.equal(await world.ask(balcony, GET), '<iq type="result"><blocklist xmlns="urn:xmpp:blocking"/></iq>')
  assert.equal(await world.ask(balcony, set('block', 'Romeo@montague.net', 'shakespeare.lit')), DONE)
  assert.deepEqual(world.account.blocked(), ['romeo@montague.net', 'shakespeare.lit'])
  assert.equal(
    await world.ask(balcony, GET),
    '<iq type="result"><blocklist xmlns="urn:xmpp:blocking"><item jid="romeo@montague.net"/><item jid="shakespeare.lit"/></blocklist></iq>',
  )
  assert.equal(await world.ask(balcony, set('unblock', 'romeo@montague.net')), DONE)
  assert.deepEqual(world.account.blocked(), ['shakespeare.lit'])
  await world.stop()
})

test('clients that have asked for the list, and no others, are told of every change', async () => {
  const world = new FeatureWorld()
  world.make([blockingFeature])
  const [balcony, chamber, silent] = [world.bind('balcony'), world.bind('chamber'), world.bind('silent')]
  await world.ask(balcony, GET)
  await world.ask(chamber, GET)
  await world.ask(silent, set('block', 'romeo@montague.net'))
  const block = '<block xmlns="urn:xmpp:blocking"><item jid="romeo@montague.net"/></block>'
  assert.deepEqual(pushes(world), [`balcony ${block}`, `chamber ${block}`])
  world.end(chamber)
  await world.ask(balcony, set('unblock', 'romeo@montague.net'))
  const unblock = '<unblock xmlns="urn:xmpp:blocking"><item jid="romeo@montague.net"/></unblock>'
  assert.deepEqual(pushes(world), [`balcony ${unblock}`])
  await world.stop()
  await world.account.block(['romeo@montague.net'])
  assert.deepEqual(pushes(world), [])
})

test('unblocking without items unblocks everybody and says so without items', async () => {
  const world = new FeatureWorld()
  world.make([blockingFeature])
  const balcony = world.bind('balcony')
  await world.account.block(['romeo@montague.net', 'shakespeare.lit'])
  await world.ask(balcony, GET)
  assert.equal(await world.ask(balcony, set('unblock')), DONE)
  assert.deepEqual(world.account.blocked(), [])
  assert.deepEqual(pushes(world), ['balcony <unblock xmlns="urn:xmpp:blocking"/>'])
  await world.stop()
})

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['a block without items', set('block'), /<bad-request/],
  [
    'an item without an address',
    `<iq type='set'><block xmlns='urn:xmpp:blocking'><item/></block></iq>`,
    /<bad-request/,
  ],
  ['an address that is none', set('block', '@'), /<jid-malformed/],
  ['more items than a list may have', set('unblock', ...Array<string>(1_001).fill('a.lit')), /<policy-violation/],
  ['a block that is got', `<iq type='get'><block xmlns='urn:xmpp:blocking'/></iq>`, /<feature-not-implemented/],
]

for (const [title, xml, condition] of REFUSED) {
  test(`${title} is refused, and nobody is blocked`, async () => {
    const world = new FeatureWorld()
    world.make([blockingFeature])
    assert.match(await world.ask(world.bind('balcony'), xml), condition)
    assert.deepEqual(world.account.blocked(), [])
    await world.stop()
  })
}

test('nobody else sees or changes the list', async () => {
  const world = new FeatureWorld()
  world.make([blockingFeature])
  for (const xml of [GET, set('block', 'a.lit'), set('unblock')]) {
    assert.match(await world.ask('romeo@montague.net/orchard', xml), /<forbidden/)
  }
  await world.stop()
})
