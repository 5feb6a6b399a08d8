import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { PersonalFeature } from '../../../../src/gateway/features/personal/personal.ts'
import type { FakeSession } from '../../../support/feature-world.ts'
import { form, items, normal, PersonalWorld, publish, ROMEO } from '../../../support/personal-world.ts'

const TUNE = 'http://jabber.org/protocol/tune'
const DEVICES = 'eu.siacs.conversations.axolotl.devicelist'
const OWNER = 'http://jabber.org/protocol/pubsub#owner'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
const DEVICE_LIST = "<list xmlns='eu.siacs.conversations.axolotl'><device id='42'/></list>"

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony')
})

afterEach(() => world.stop())

function tune(title: string, id = ''): string {
  return `<item${id && ` id='${id}'`}><tune xmlns='${TUNE}'><title>${title}</title></tune></item>`
}

function pubsub(content: string): string {
  return normal(`<iq type='result'><pubsub xmlns='${PUBSUB}'>${content}</pubsub></iq>`)
}

function error(type: string, condition: string, detail?: string): RegExp {
  const more = detail === undefined ? '' : `.*<${detail} xmlns="http://jabber.org/protocol/pubsub#errors"`
  return new RegExp(`<error type="${type}"><${condition} .*${more}`)
}

test('an item that was published is given to the owner and to who sees the owner’s presence, to nobody else', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'from' })
  assert.equal(
    await world.ask(juliet, publish(TUNE, tune('Helpless', 'current'))),
    pubsub(`<publish node='${TUNE}'><item id='current'/></publish>`),
  )
  const all = pubsub(`<items node='${TUNE}'>${tune('Helpless', 'current')}</items>`)
  assert.equal(await world.ask(juliet, items(TUNE)), all)
  assert.equal(await world.ask(`${ROMEO}/orchard`, items(TUNE)), all)
  const stranger = `00${'ee'.repeat(32)}@id.internal/x`
  assert.match(
    await world.ask(stranger, items(TUNE)),
    error('auth', 'not-authorized', 'presence-subscription-required'),
  )
})

test('an item without an id gets one, and only the last is kept by default', async () => {
  const answer = await world.ask(juliet, publish(TUNE, tune('one')))
  assert.match(answer, /<item id="[0-9a-f]{20}"\/>/)
  await world.ask(juliet, publish(TUNE, tune('two', 'b')))
  assert.equal(await world.ask(juliet, items(TUNE)), pubsub(`<items node='${TUNE}'>${tune('two', 'b')}</items>`))
})

test('Dino and Gajim publish an OMEMO device list with publish-options, which everybody may read then', async () => {
  const options = { 'pubsub#persist_items': 'true', 'pubsub#access_model': 'open' }
  const item = `<item id='current'>${DEVICE_LIST}</item>`
  assert.match(await world.ask(juliet, publish(DEVICES, item, options)), /type="result"/)
  assert.match(await world.ask(juliet, publish(DEVICES, item, options)), /type="result"/)
  assert.equal(await world.ask(`${ROMEO}/x`, items(DEVICES)), pubsub(`<items node='${DEVICES}'>${item}</items>`))
})

test('publish-options that the node does not meet are a conflict, which Dino solves by configuring the node', async () => {
  await world.ask(juliet, publish(DEVICES, `<item id='current'>${DEVICE_LIST}</item>`))
  const open = publish(DEVICES, `<item id='current'>${DEVICE_LIST}</item>`, { 'pubsub#access_model': 'open' })
  assert.match(await world.ask(juliet, open), error('cancel', 'conflict', 'precondition-not-met'))
  const shown = await world.ask(
    juliet,
    `<iq type='get'><pubsub xmlns='${OWNER}'><configure node='${DEVICES}'/></pubsub></iq>`,
  )
  assert.match(shown, /<field var="pubsub#access_model" type="list-single"><value>presence<\/value>/)
  const filled = shown
    .replace('type="result"', "type='set'")
    .replace('type="form"', "type='submit'")
    .replace(/<value>presence<\/value>/, '<value>open</value>')
  assert.match(await world.ask(juliet, filled), /^<iq type="result"\/>$/)
  assert.match(await world.ask(juliet, open), /type="result"/)
})

test('unknown publish-options are refused, whether the node exists or not', async () => {
  const wrong = publish(TUNE, tune('x'), { 'pubsub#nonsense': '1' })
  assert.match(await world.ask(juliet, wrong), error('cancel', 'conflict', 'precondition-not-met'))
  assert.match(await world.ask(juliet, items(TUNE)), error('cancel', 'item-not-found'))
})

test('max_items keeps as many items, the latest first; a number above the bound means max', async () => {
  const options = { 'pubsub#max_items': '2' }
  for (const id of ['a', 'b', 'c']) {
    await world.ask(juliet, publish(TUNE, tune(id, id), options))
  }
  assert.equal(
    await world.ask(juliet, items(TUNE)),
    pubsub(`<items node='${TUNE}'>${tune('c', 'c')}${tune('b', 'b')}</items>`),
  )
  assert.equal(
    await world.ask(juliet, items(TUNE, " max_items='1'")),
    pubsub(`<items node='${TUNE}'>${tune('c', 'c')}</items>`),
  )
  const max = { 'pubsub#max_items': 'max' }
  assert.match(await world.ask(juliet, publish('urn:x', tune('a'), max)), /type="result"/)
  const large = { 'pubsub#max_items': '10000' }
  assert.match(await world.ask(juliet, publish('urn:x', tune('b'), large)), /type="result"/)
})

test('items are found by their ids and page by page', async () => {
  for (const id of ['a', 'b', 'c', 'd']) {
    await world.ask(juliet, publish(TUNE, tune(id, id), { 'pubsub#max_items': 'max' }))
  }
  const get = (list: string, set: string): string =>
    `<iq type='get'><pubsub xmlns='${PUBSUB}'><items node='${TUNE}'>${list}</items>${set}</pubsub></iq>`
  assert.equal(
    await world.ask(juliet, get("<item id='b'/><item id='nothing'/>", '')),
    pubsub(`<items node='${TUNE}'>${tune('b', 'b')}</items>`),
  )
  assert.match(await world.ask(juliet, get("<item id='nothing'/>", '')), error('cancel', 'item-not-found'))
  const rsm = "xmlns='http://jabber.org/protocol/rsm'"
  assert.equal(
    await world.ask(juliet, get('', `<set ${rsm}><max>2</max><after>c</after></set>`)),
    pubsub(
      `<items node='${TUNE}'>${tune('b', 'b')}${tune('a', 'a')}</items><set ${rsm}><first>b</first><last>a</last><count>4</count></set>`,
    ),
  )
  assert.match(await world.ask(juliet, get('', `<set ${rsm}><max>0</max></set>`)), /<count>4<\/count>/)
})

for (const [what, xml, expected] of [
  [
    'without a node',
    `<publish><item><a xmlns='urn:a'/></item></publish>`,
    error('modify', 'bad-request', 'nodeid-required'),
  ],
  ['without an item', `<publish node='n'/>`, error('modify', 'bad-request', 'item-required')],
  ['without a payload', `<publish node='n'><item/></publish>`, error('modify', 'bad-request', 'payload-required')],
  [
    'with two payloads',
    `<publish node='n'><item><a xmlns='urn:a'/><b xmlns='urn:a'/></item></publish>`,
    error('modify', 'bad-request', 'invalid-payload'),
  ],
  [
    'with an id that is too long',
    `<publish node='n'><item id='${'x'.repeat(4_000)}'><a xmlns='urn:a'/></item></publish>`,
    error('modify', 'not-acceptable'),
  ],
] as const) {
  test(`a publication ${what} is refused`, async () => {
    assert.match(await world.ask(juliet, `<iq type='set'><pubsub xmlns='${PUBSUB}'>${xml}</pubsub></iq>`), expected)
  })
}

test('a payload of 240 KiB is too big, one a little smaller is not', async () => {
  const blob = (length: number): string => `<item><b xmlns='urn:b'>${'x'.repeat(length)}</b></item>`
  assert.match(await world.ask(juliet, publish('urn:b', blob(245_700))), /type="result"/)
  assert.match(
    await world.ask(juliet, publish('urn:b', blob(245_760))),
    error('modify', 'not-acceptable', 'payload-too-big'),
  )
})

test('nobody else publishes, retracts, creates, configures or deletes', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  await world.ask(juliet, publish(TUNE, tune('x', 'a')))
  for (const xml of [
    publish(TUNE, tune('mine', 'a')),
    `<iq type='set'><pubsub xmlns='${PUBSUB}'><retract node='${TUNE}'><item id='a'/></retract></pubsub></iq>`,
    `<iq type='set'><pubsub xmlns='${PUBSUB}'><create node='urn:new'/></pubsub></iq>`,
    `<iq type='get'><pubsub xmlns='${OWNER}'><configure node='${TUNE}'/></pubsub></iq>`,
    `<iq type='set'><pubsub xmlns='${OWNER}'><delete node='${TUNE}'/></pubsub></iq>`,
    `<iq type='set'><pubsub xmlns='${OWNER}'><purge node='${TUNE}'/></pubsub></iq>`,
  ]) {
    assert.match(await world.ask(`${ROMEO}/orchard`, xml), error('auth', 'forbidden'))
  }
  assert.match(await world.ask(juliet, items(TUNE)), /<title>x<\/title>/)
})

test('a node is created with a configuration, emptied and deleted', async () => {
  const config = form(`${PUBSUB}#node_config`, { 'pubsub#access_model': 'whitelist', 'pubsub#max_items': '5' })
  const create = `<iq type='set'><pubsub xmlns='${PUBSUB}'><create node='${TUNE}'/><configure>${config}</configure></pubsub></iq>`
  assert.equal(await world.ask(juliet, create), '<iq type="result"/>')
  assert.match(await world.ask(juliet, create), error('cancel', 'conflict'))
  await world.ask(juliet, publish(TUNE, tune('x', 'a')))
  assert.match(await world.ask(`${ROMEO}/x`, items(TUNE)), error('cancel', 'not-allowed', 'closed-node'))
  const owner = (name: string): string =>
    `<iq type='set'><pubsub xmlns='${OWNER}'><${name} node='${TUNE}'/></pubsub></iq>`
  assert.equal(await world.ask(juliet, owner('purge')), '<iq type="result"/>')
  assert.equal(await world.ask(juliet, items(TUNE)), pubsub(`<items node='${TUNE}'/>`))
  assert.equal(await world.ask(juliet, owner('delete')), '<iq type="result"/>')
  assert.match(await world.ask(juliet, items(TUNE)), error('cancel', 'item-not-found'))
  assert.match(await world.ask(juliet, owner('delete')), error('cancel', 'item-not-found'))
})

test('a node for some groups of the roster is for these groups', async () => {
  await world.ask(juliet, publish(TUNE, tune('x', 'a')))
  const config = form(`${PUBSUB}#node_config`, {
    'pubsub#access_model': 'roster',
    'pubsub#roster_groups_allowed': 'Friends',
  })
  await world.ask(
    juliet,
    `<iq type='set'><pubsub xmlns='${OWNER}'><configure node='${TUNE}'>${config}</configure></pubsub></iq>`,
  )
  assert.match(await world.ask(`${ROMEO}/x`, items(TUNE)), error('auth', 'not-authorized', 'not-in-roster-group'))
  world.account.putRosterItem({ jid: ROMEO, groups: ['Friends'] })
  assert.match(await world.ask(`${ROMEO}/x`, items(TUNE)), /<title>x<\/title>/)
})

test('the access model authorize is not offered', async () => {
  const options = { 'pubsub#access_model': 'authorize' }
  assert.match(
    await world.ask(juliet, publish(TUNE, tune('x'), options)),
    error('modify', 'not-acceptable', 'unsupported-access-model'),
  )
})

test('nobody subscribes but by presence', async () => {
  const xml = `<iq type='set'><pubsub xmlns='${PUBSUB}'><subscribe node='${TUNE}' jid='${ROMEO}'/></pubsub></iq>`
  assert.match(await world.ask(`${ROMEO}/x`, xml), error('cancel', 'feature-not-implemented', 'unsupported'))
})

test('no more nodes are made than there is room for', async () => {
  const asked = Array.from({ length: 257 }, (_, i) => world.ask(juliet, publish(`urn:n:${i}`, tune('x'))))
  const answers = await Promise.all(asked)
  assert.equal(answers.filter((answer) => answer.includes('type="result"')).length, 256)
  assert.match(answers.at(-1) ?? '', error('cancel', 'not-allowed', 'max-nodes-exceeded'))
})

test('disco lists the nodes that who asks may read, and says what they are', async () => {
  await world.ask(juliet, publish(TUNE, tune('x', 'a')))
  await world.ask(
    juliet,
    publish(DEVICES, `<item id='current'>${DEVICE_LIST}</item>`, { 'pubsub#access_model': 'open' }),
  )
  const request = (session: FakeSession | undefined, namespace: string) =>
    ({ session, from: juliet.jid, payload: { namespace } }) as never
  const nodes = async (session: FakeSession | undefined): Promise<(string | undefined)[]> =>
    (await world.personal.items('account', request(session, ''))).map(({ node }) => node)
  assert.deepEqual(await nodes(juliet), [DEVICES, TUNE])
  assert.deepEqual(await nodes(undefined), [DEVICES])
  const info = await world.personal.discoNode('account', TUNE, request(juliet, 'http://jabber.org/protocol/disco#info'))
  assert.equal(info?.child('identity')?.attribute('type'), 'leaf')
  assert.equal(await world.personal.discoNode('account', 'urn:other', request(juliet, '')), undefined)
})

test('what was published is there after a restart', async () => {
  await world.ask(juliet, publish(TUNE, tune('x', 'a')))
  await world.stop()
  Object.assign(world, { store: world.store.crash() })
  world.make([(context) => new PersonalFeature(context)])
  assert.match(await world.ask(juliet, items(TUNE)), /<title>x<\/title>/)
})
