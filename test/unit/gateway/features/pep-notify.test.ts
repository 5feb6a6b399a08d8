import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { FakeSession } from '../../../support/feature-world.ts'
import { normal, PersonalWorld, publish, ROMEO } from '../../../support/personal-world.ts'

const TUNE = 'http://jabber.org/protocol/tune'
const MOOD = 'http://jabber.org/protocol/mood'
const PUBSUB = 'http://jabber.org/protocol/pubsub'

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony')
})

afterEach(() => world.stop())

function item(node: string, id = 'current'): string {
  return `<item id='${id}'><x xmlns='${node}'/></item>`
}

function event(to: string, content: string): string {
  const { address } = world.account
  return normal(
    `<message type='headline' from='${address}' to='${to}'><event xmlns='${PUBSUB}#event'>${content}</event></message>`,
  )
}

function published(to: string, node: string): string {
  return event(to, `<items node='${node}'>${item(node)}</items>`)
}

test('a publication is told to own clients that ask for it, the publisher included, and to no others', async () => {
  const chamber = await world.client('chamber', [TUNE])
  const garden = await world.client('garden', [MOOD])
  await world.ask(chamber, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.take(chamber), [published(`${chamber.jid}`, TUNE)])
  assert.deepEqual(world.take(garden), [])
  assert.deepEqual(world.take(juliet), [])
})

test('a publication is told to each client of a contact that asks for it, if the contact sees our presence', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  const other = `00${'ee'.repeat(32)}@id.internal`
  world.account.putRosterItem({ jid: other, subscription: 'to' })
  await world.contact(`${ROMEO}/orchard`, [TUNE])
  await world.contact(`${ROMEO}/street`, [TUNE, MOOD])
  await world.contact(`${other}/x`, [TUNE])
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.takeSent(), [published(`${ROMEO}/orchard`, TUNE), published(`${ROMEO}/street`, TUNE)])
})

test('an open node is told to whoever asks for it, a closed one to own clients only', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'to' })
  await world.contact(`${ROMEO}/orchard`, [TUNE, MOOD])
  await world.ask(juliet, publish(TUNE, item(TUNE), { 'pubsub#access_model': 'open' }))
  await world.ask(juliet, publish(MOOD, item(MOOD), { 'pubsub#access_model': 'whitelist' }))
  assert.deepEqual(world.takeSent(), [published(`${ROMEO}/orchard`, TUNE)])
})

test('a client that becomes available is told of the last items once', async () => {
  await world.ask(juliet, publish(TUNE, item(TUNE, 'old'), { 'pubsub#max_items': '5' }))
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  const chamber = await world.client('chamber', [TUNE])
  assert.deepEqual(world.take(chamber), [published(`${chamber.jid}`, TUNE)])
  world.personal.available(chamber)
  await world.settle()
  assert.deepEqual(world.take(chamber), [])
})

test('a contact that becomes available is told of the last items, and again after it was away', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  const orchard = `${ROMEO}/orchard`
  await world.contact(orchard, [TUNE])
  assert.deepEqual(world.takeSent(), [published(orchard, TUNE)])
  await world.contact(orchard, [TUNE])
  assert.deepEqual(world.takeSent(), [])
  world.personal.contactPresence(world.presence([], orchard).withAttributes({ type: 'unavailable' }))
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.takeSent(), [])
  await world.contact(orchard, [TUNE])
  assert.deepEqual(world.takeSent(), [published(orchard, TUNE)])
})

test('a client that asks for one more node is told of that one only', async () => {
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  await world.ask(juliet, publish(MOOD, item(MOOD)))
  const chamber = await world.client('chamber', [TUNE])
  world.take(chamber)
  chamber.presence = world.presence([`${TUNE}+notify`, `${MOOD}+notify`])
  world.personal.available(chamber)
  await world.settle()
  assert.deepEqual(world.take(chamber), [published(`${chamber.jid}`, MOOD)])
})

test('a contact who is given a subscription is told of what it may see from then on', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'to' })
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  await world.contact(`${ROMEO}/orchard`, [TUNE])
  assert.deepEqual(world.takeSent(), [])
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both', name: 'Romeo' })
  assert.deepEqual(world.takeSent(), [published(`${ROMEO}/orchard`, TUNE)])
  await world.account.removeContact(ROMEO)
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.takeSent(), [])
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  assert.deepEqual(world.takeSent(), [published(`${ROMEO}/orchard`, TUNE)])
})

test('capabilities are asked for once for all clients that show the same', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  world.pushes.length = 0
  await world.client('chamber', [TUNE])
  await world.client('garden', [TUNE])
  await world.contact(`${ROMEO}/orchard`, [TUNE])
  assert.deepEqual([world.pushes.length, world.account.asked.length], [1, 0])
})

test('capabilities that do not match their hash count for the client that showed them, and are not remembered', async () => {
  world.account.putRosterItem({ jid: ROMEO, subscription: 'both' })
  const lie = world.presence([`${TUNE}+notify`], `${ROMEO}/liar`)
  const honest = world.account.answer
  world.account.answer = async (iq, signal) => {
    const answer = await honest(iq, signal)
    return iq.attribute('to') === `${ROMEO}/liar`
      ? answer.withChildren(answer.elements().map((query) => query.withChildren([])))
      : answer
  }
  world.personal.contactPresence(lie)
  await world.settle()
  await world.contact(`${ROMEO}/orchard`, [TUNE])
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.takeSent(), [published(`${ROMEO}/orchard`, TUNE)])
})

test('the end of items and nodes is told', async () => {
  const chamber = await world.client('chamber', [TUNE])
  const owner = (name: string): string =>
    `<iq type='set'><pubsub xmlns='${PUBSUB}#owner'><${name} node='${TUNE}'/></pubsub></iq>`
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  world.take(chamber)
  const retract = `<retract node='${TUNE}' notify='true'><item id='current'/></retract>`
  await world.ask(juliet, `<iq type='set'><pubsub xmlns='${PUBSUB}'>${retract}</pubsub></iq>`)
  await world.ask(juliet, owner('purge'))
  await world.ask(juliet, owner('delete'))
  const to = `${chamber.jid}`
  assert.deepEqual(world.take(chamber), [
    event(to, `<items node='${TUNE}'><retract id='current'/></items>`),
    event(to, `<purge node='${TUNE}'/>`),
    event(to, `<delete node='${TUNE}'/>`),
  ])
})

test('nothing is told before it is on disk, and nothing that is refused', async () => {
  const chamber = await world.client('chamber', [TUNE])
  const asked = world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.take(chamber), [])
  await asked
  assert.equal(world.take(chamber).length, 1)
  await world.ask(juliet, publish(TUNE, '<item/>'))
  assert.deepEqual(world.take(chamber), [])
})

test('a client that has gone is told nothing', async () => {
  const chamber = await world.client('chamber', [TUNE])
  world.end(chamber)
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.deepEqual(world.take(chamber), [])
})

test('a client that becomes unavailable and available again is told of the last items again', async () => {
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  const chamber = await world.client('chamber', [TUNE])
  const { presence } = chamber
  chamber.presence = undefined
  world.personal.available(chamber)
  await world.ask(juliet, publish(TUNE, item(TUNE)))
  assert.equal(world.take(chamber).length, 1)
  chamber.presence = presence
  world.personal.available(chamber)
  await world.settle()
  assert.equal(world.take(chamber).length, 1)
})
