import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { FakeSession } from '../../../support/feature-world.ts'
import { items, normal, PersonalWorld, publish, ROMEO } from '../../../support/personal-world.ts'

const BOOKMARKS = 'urn:xmpp:bookmarks:1'
const LEGACY = 'storage:bookmarks'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
/** What Gajim and Dino ask for when they publish a bookmark (XEP-0402 §3.3). */
const OPTIONS = {
  'pubsub#persist_items': 'true',
  'pubsub#max_items': 'max',
  'pubsub#send_last_published_item': 'never',
  'pubsub#access_model': 'whitelist',
}

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony')
})

afterEach(() => world.stop())

function room(name: string, extra = ''): string {
  return `<item id='${name}@rooms.example'><conference xmlns='${BOOKMARKS}' name='${name}' autojoin='true'><nick>J</nick>${extra}</conference></item>`
}

function legacyRoom(name: string): string {
  return `<conference jid='${name}@rooms.example' name='${name}' autojoin='true'><nick>J</nick></conference>`
}

const GET = `<iq type='get'><query xmlns='jabber:iq:private'><storage xmlns='${LEGACY}'/></query></iq>`

function set(content: string): string {
  return GET.replace("type='get'", "type='set'").replace('/></query>', `>${content}</storage></query>`)
}

function privateAnswer(content: string): string {
  return normal(
    `<iq type='result'><query xmlns='jabber:iq:private'><storage xmlns='${LEGACY}'>${content}</storage></query></iq>`,
  )
}

test('bookmarks that Dino publishes are found by Profanity in private storage', async () => {
  await world.ask(juliet, publish(BOOKMARKS, room('verona'), OPTIONS))
  await world.ask(juliet, publish(BOOKMARKS, room('mantua'), OPTIONS))
  assert.equal(await world.ask(juliet, GET), privateAnswer(legacyRoom('verona') + legacyRoom('mantua')))
})

test('bookmarks that Profanity stores are found by Dino, which can publish more', async () => {
  assert.equal(await world.ask(juliet, set(legacyRoom('verona'))), '<iq type="result"/>')
  assert.equal(
    await world.ask(juliet, items(BOOKMARKS)),
    normal(
      `<iq type='result'><pubsub xmlns='${PUBSUB}'><items node='${BOOKMARKS}'>${room('verona')}</items></pubsub></iq>`,
    ),
  )
  assert.match(await world.ask(juliet, publish(BOOKMARKS, room('mantua'), OPTIONS)), /type="result"/)
  assert.equal(await world.ask(juliet, GET), privateAnswer(legacyRoom('verona') + legacyRoom('mantua')))
})

test('Gajim, which wants to be told of what is retracted, publishes too', async () => {
  await world.ask(juliet, set(legacyRoom('verona')))
  const options = { ...OPTIONS, 'pubsub#notify_delete': 'true', 'pubsub#notify_retract': 'true' }
  assert.match(await world.ask(juliet, publish(BOOKMARKS, room('mantua'), options)), /type="result"/)
})

test('a bookmark that is retracted is gone everywhere', async () => {
  await world.ask(juliet, set(legacyRoom('verona') + legacyRoom('mantua')))
  const retract = `<retract node='${BOOKMARKS}' notify='true'><item id='verona@rooms.example'/></retract>`
  await world.ask(juliet, `<iq type='set'><pubsub xmlns='${PUBSUB}'>${retract}</pubsub></iq>`)
  assert.equal(await world.ask(juliet, GET), privateAnswer(legacyRoom('mantua')))
})

test('who writes the old form changes only what has changed, and leaves extensions alone', async () => {
  const chamber = await world.client('chamber', [BOOKMARKS])
  const extensions = "<extensions><state xmlns='urn:x' minimized='true'/></extensions>"
  await world.ask(juliet, publish(BOOKMARKS, room('verona', extensions), OPTIONS))
  await world.ask(juliet, publish(BOOKMARKS, room('mantua'), OPTIONS))
  world.take(chamber)
  await world.ask(juliet, set(legacyRoom('verona') + legacyRoom('padua')))
  const told = world.take(chamber).join('\n')
  assert.match(told, /<retract id="mantua@rooms.example"\/>/)
  assert.match(told, /<item id="padua@rooms.example">/)
  assert.doesNotMatch(told, /verona/)
  assert.match(await world.ask(juliet, items(BOOKMARKS)), /minimized="true"/)
})

test('URLs in the old form stay', async () => {
  const url = "<url name='x' url='https://example.org/'/>"
  await world.ask(juliet, set(legacyRoom('verona') + url))
  await world.ask(juliet, publish(BOOKMARKS, room('mantua'), OPTIONS))
  assert.equal(await world.ask(juliet, GET), privateAnswer(legacyRoom('verona') + legacyRoom('mantua') + url))
})

test('the node of XEP-0048 is one with both, and tells its readers', async () => {
  const chamber = await world.client('chamber', [LEGACY])
  const storage = `<item id='current'><storage xmlns='${LEGACY}'>${legacyRoom('verona')}</storage></item>`
  const options = { 'pubsub#persist_items': 'true', 'pubsub#access_model': 'whitelist' }
  assert.match(await world.ask(juliet, publish(LEGACY, storage, options)), /type="result"/)
  assert.equal(await world.ask(juliet, GET), privateAnswer(legacyRoom('verona')))
  await world.ask(juliet, publish(BOOKMARKS, room('mantua'), OPTIONS))
  const told = world.take(chamber)
  assert.equal(told.length, 2)
  assert.match(told[1] ?? '', /jid="mantua@rooms.example"/)
})

test('bookmarks are shown to nobody else, whatever the node was before', async () => {
  await world.ask(juliet, publish(BOOKMARKS, room('verona'), { 'pubsub#access_model': 'open' }))
  assert.match(await world.ask(`${ROMEO}/x`, items(BOOKMARKS)), /verona/)
  await world.ask(juliet, set(legacyRoom('verona') + legacyRoom('secret')))
  assert.match(await world.ask(`${ROMEO}/x`, items(BOOKMARKS)), /<closed-node/)
  assert.match(await world.ask(`${ROMEO}/x`, GET), /<forbidden/)
})

test('without bookmarks there is nothing in private storage, and nothing is refused', async () => {
  assert.equal(await world.ask(juliet, GET), privateAnswer(''))
  assert.equal(await world.ask(juliet, set('')), '<iq type="result"/>')
})

test('Gajim’s roster delimiter and notes are kept as they are', async () => {
  const delimiter = "<roster xmlns='roster:delimiter'>::</roster>"
  const ask = (type: string, content: string): string =>
    `<iq type='${type}'><query xmlns='jabber:iq:private'>${content}</query></iq>`
  const empty = "<roster xmlns='roster:delimiter'/>"
  assert.equal(await world.ask(juliet, ask('get', empty)), normal(ask('result', empty)))
  assert.equal(await world.ask(juliet, ask('set', delimiter)), '<iq type="result"/>')
  assert.equal(await world.ask(juliet, ask('get', empty)), normal(ask('result', delimiter)))
  const notes = `<storage xmlns='storage:rosternotes'><note jid='${ROMEO}'>tall</note></storage>`
  assert.equal(await world.ask(juliet, ask('set', notes)), '<iq type="result"/>')
  assert.equal(
    await world.ask(juliet, ask('get', "<storage xmlns='storage:rosternotes'/>")),
    normal(ask('result', notes)),
  )
})

for (const [what, content] of [
  ['of the protocol', "<query xmlns='jabber:iq:roster'/>"],
  ['of vCards', "<vCard xmlns='vcard-temp'/>"],
] as const) {
  test(`private storage keeps nothing ${what}`, async () => {
    const xml = `<iq type='set'><query xmlns='jabber:iq:private'>${content}</query></iq>`
    assert.match(await world.ask(juliet, xml), /<not-acceptable/)
  })
}

test('private storage has an end', async () => {
  const part = (index: number): string => `<x xmlns='urn:x:${index}'>${'y'.repeat(240_000)}</x>`
  const answers: string[] = []
  for (let index = 0; index < 5; index++) {
    answers.push(await world.ask(juliet, `<iq type='set'><query xmlns='jabber:iq:private'>${part(index)}</query></iq>`))
  }
  assert.deepEqual(
    answers.map((answer) => answer.includes('<resource-constraint')),
    [false, false, false, false, true],
  )
})
