import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { PersonalFeature } from '../../../../src/gateway/features/personal/personal.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import type { FakeSession } from '../../../support/feature-world.ts'
import { PersonalWorld, publish } from '../../../support/personal-world.ts'

const OMEMO = 'eu.siacs.conversations.axolotl'
const OMEMO2 = 'urn:xmpp:omemo:2'
const NICK = 'http://jabber.org/protocol/nick'
const OPEN = { 'pubsub#access_model': 'open', 'pubsub#max_items': 'max' }

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony')
})

afterEach(() => world.stop())

function devices(): string {
  return `<item id='current'><list xmlns='${OMEMO}'><device id='42'/></list></item>`
}

function bundle(prekeys: number): string {
  const keys = Array.from(
    { length: prekeys },
    (_, i) => `<preKeyPublic preKeyId='${i}'>${'A'.repeat(44)}</preKeyPublic>`,
  )
  return `<item id='current'><bundle xmlns='${OMEMO}'><signedPreKeyPublic signedPreKeyId='1'>B</signedPreKeyPublic><prekeys>${keys.join('')}</prekeys></bundle></item>`
}

function bundle2(device: number): string {
  const keys = Array.from({ length: 100 }, (_, i) => `<pk id='${i}'>${'A'.repeat(44)}</pk>`).join('')
  return `<item id='${device}'><bundle xmlns='${OMEMO2}'><spk id='0'>B</spk><prekeys>${keys}</prekeys></bundle></item>`
}

async function profile(): Promise<string[]> {
  await world.settle()
  return world.account.profile?.items.map(({ node, id }) => `${node} ${id}`) ?? []
}

test('the keys that a sender needs are shown first, bundles with fewer prekeys', async () => {
  await world.ask(
    juliet,
    publish('urn:xmpp:avatar:metadata', `<item id='a'><metadata xmlns='urn:xmpp:avatar:metadata'/></item>`, OPEN),
  )
  await world.ask(juliet, publish(`${OMEMO}.bundles:42`, bundle(100), OPEN))
  await world.ask(juliet, publish(`${OMEMO}.devicelist`, devices(), OPEN))
  await world.ask(juliet, publish(`${OMEMO2}:bundles`, bundle2(7), OPEN))
  await world.ask(juliet, publish(`${OMEMO2}:bundles`, bundle2(8), OPEN))
  assert.deepEqual(await profile(), [
    `${OMEMO}.devicelist current`,
    `${OMEMO}.bundles:42 current`,
    `${OMEMO2}:bundles 8`,
    `${OMEMO2}:bundles 7`,
    'urn:xmpp:avatar:metadata a',
  ])
  for (const { payload } of world.account.profile?.items.filter(({ node }) => node.includes('bundles')) ?? []) {
    assert.equal(payload.child('prekeys')?.elements().length, 24)
    assert.ok(serialize(payload).length < 3_000)
  }
})

test('only what everybody may read is shown', async () => {
  await world.ask(juliet, publish(`${OMEMO}.devicelist`, devices()))
  await world.ask(juliet, publish('http://jabber.org/protocol/tune', "<item><tune xmlns='urn:t'/></item>", OPEN))
  assert.deepEqual(await profile(), [])
})

test('what is taken back is shown no more', async () => {
  await world.ask(juliet, publish(`${OMEMO}.devicelist`, devices(), OPEN))
  assert.equal((await profile()).length, 1)
  const owner = 'http://jabber.org/protocol/pubsub#owner'
  await world.ask(juliet, `<iq type='set'><pubsub xmlns='${owner}'><delete node='${OMEMO}.devicelist'/></pubsub></iq>`)
  assert.deepEqual(await profile(), [])
})

test('an image that is too large for a record is left out, a tiny one is not', async () => {
  const image = (length: number): string =>
    `<item id='x'><data xmlns='urn:xmpp:avatar:data'>${'A'.repeat(length)}</data></item>`
  await world.ask(juliet, publish('urn:xmpp:avatar:data', image(4_000), OPEN))
  assert.deepEqual(await profile(), ['urn:xmpp:avatar:data x'])
  await world.ask(juliet, publish('urn:xmpp:avatar:data', image(9_000), OPEN))
  assert.deepEqual(await profile(), [])
})

test('the nickname that poezio publishes is shown, else that of the vCard', async () => {
  await world.ask(juliet, "<iq type='set'><vCard xmlns='vcard-temp'><NICKNAME>Jule</NICKNAME></vCard></iq>")
  await profile()
  assert.equal(world.account.profile?.nickname, 'Jule')
  await world.ask(juliet, publish(NICK, `<item><nick xmlns='${NICK}'>Juliet</nick></item>`))
  await profile()
  assert.equal(world.account.profile?.nickname, 'Juliet')
})

test('many changes in a row end with the last one shown', async () => {
  const device = (id: number): string => devices().replace('42', String(id))
  await Promise.all([1, 2, 3, 4].map((id) => world.ask(juliet, publish(`${OMEMO}.devicelist`, device(id), OPEN))))
  await profile()
  assert.match(serialize(world.account.profile?.items[0]?.payload ?? world.presence([])), /<device id="4"\/>/)
})

test('after a start the profile is set only if it shows something else', async () => {
  await world.ask(juliet, publish(`${OMEMO}.devicelist`, devices(), OPEN))
  await profile()
  const { address, profile: shown } = world.account
  world.account.profiles.set(address, shown ?? { nickname: '', items: [] })
  world.account.profile = undefined
  world.make([(context) => new PersonalFeature(context)])
  await profile()
  assert.equal(world.account.profile, undefined)
  world.account.profiles.set(address, { nickname: 'old', items: [] })
  world.make([(context) => new PersonalFeature(context)])
  assert.deepEqual(await profile(), [`${OMEMO}.devicelist current`])
})
