import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, test } from 'node:test'
import { parseElement } from '../../../../src/xml/parser.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import type { FakeSession } from '../../../support/feature-world.ts'
import { items, normal, PersonalWorld, publish, ROMEO } from '../../../support/personal-world.ts'

const DATA = 'urn:xmpp:avatar:data'
const METADATA = 'urn:xmpp:avatar:metadata'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
const OPEN = { 'pubsub#access_model': 'open' }

const IMAGE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 4, 5])
const BASE64 = Buffer.from(IMAGE).toString('base64')
const HASH = createHash('sha1').update(IMAGE).digest('hex')

const GET = "<iq type='get'><vCard xmlns='vcard-temp'/></iq>"
const PHOTO = `<PHOTO><TYPE>image/png</TYPE><BINVAL>${BASE64}</BINVAL></PHOTO>`

let world: PersonalWorld
let juliet: FakeSession

beforeEach(async () => {
  world = new PersonalWorld()
  juliet = await world.client('balcony')
})

afterEach(() => world.stop())

function vcard(content: string): string {
  return `<iq type='set'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`
}

function answer(content: string): string {
  return normal(`<iq type='result'><vCard xmlns='vcard-temp'>${content}</vCard></iq>`)
}

function data(): string {
  return publish(DATA, `<item id='${HASH}'><data xmlns='${DATA}'>${BASE64}</data></item>`, OPEN)
}

function metadata(): string {
  const info = `<info bytes='${IMAGE.length}' id='${HASH}' type='image/png'/>`
  return publish(METADATA, `<item id='${HASH}'><metadata xmlns='${METADATA}'>${info}</metadata></item>`, OPEN)
}

function outgoing(content: string): string {
  const presence = parseElement(`<presence xmlns='jabber:client'>${content}</presence>`)
  return serialize(world.personal.outgoingPresence(presence), 'jabber:client')
}

function update(content: string): string {
  return `<x xmlns='vcard-temp:x:update'>${content}</x>`
}

test('without a vCard the owner gets an empty one, others an error', async () => {
  assert.equal(await world.ask(juliet, GET), answer(''))
  assert.match(await world.ask(`${ROMEO}/x`, GET), /<error type="cancel"><service-unavailable/)
})

test('a vCard is what the owner has set, for everybody', async () => {
  const content = '<FN>Juliet Capulet</FN><NICKNAME>Jule</NICKNAME>'
  assert.equal(await world.ask(juliet, vcard(content)), '<iq type="result"/>')
  assert.equal(await world.ask(juliet, GET), answer(content))
  assert.equal(await world.ask(`${ROMEO}/x`, GET), answer(content))
  assert.match(await world.ask(`${ROMEO}/x`, vcard('<FN>Mine</FN>')), /<forbidden/)
})

test('a vCard that is too large is refused, and so is a photo that is none', async () => {
  assert.match(await world.ask(juliet, vcard(`<DESC>${'x'.repeat(12_289)}</DESC>`)), /<not-acceptable/)
  assert.match(await world.ask(juliet, vcard('<PHOTO><BINVAL>*</BINVAL></PHOTO>')), /<bad-request/)
})

test('the photo that Pidgin sets is an avatar that Dino and Gajim see', async () => {
  const chamber = await world.client('chamber', [METADATA])
  const wrapped = PHOTO.replace(BASE64, `${BASE64.slice(0, 6)}\n  ${BASE64.slice(6)}`)
  await world.ask(juliet, vcard(`<FN>Juliet</FN>${wrapped}`))
  const info = `<info bytes='9' id='${HASH}' type='image/png'/>`
  const expected = `<items node='${METADATA}'><item id='${HASH}'><metadata xmlns='${METADATA}'>${info}</metadata></item></items>`
  assert.equal(
    await world.ask(`${ROMEO}/x`, items(METADATA)),
    normal(`<iq type='result'><pubsub xmlns='${PUBSUB}'>${expected}</pubsub></iq>`),
  )
  assert.match(await world.ask(`${ROMEO}/x`, items(DATA)), new RegExp(`<data xmlns="${DATA}">${BASE64}</data>`))
  assert.equal(world.take(chamber).length, 1)
})

test('the avatar that Dino publishes is the photo that Pidgin sees', async () => {
  await world.ask(juliet, vcard('<FN>Juliet</FN>'))
  await world.ask(juliet, data())
  await world.ask(juliet, metadata())
  assert.equal(await world.ask(`${ROMEO}/x`, GET), answer(`<FN>Juliet</FN>${PHOTO}`))
})

test('an avatar for those who see our presence is in no stranger’s vCard', async () => {
  await world.ask(juliet, data().replace('open', 'presence'))
  await world.ask(juliet, metadata().replace('open', 'presence'))
  assert.equal(await world.ask(juliet, GET), answer(PHOTO))
  assert.match(await world.ask(`${ROMEO}/x`, GET), /<service-unavailable/)
  world.account.putRosterItem({ jid: ROMEO, subscription: 'from' })
  assert.equal(await world.ask(`${ROMEO}/x`, GET), answer(PHOTO))
})

test('data that is not what its id says is no avatar', async () => {
  await world.ask(juliet, data().replace(BASE64, 'AAAA'))
  await world.ask(juliet, metadata())
  assert.equal(await world.ask(juliet, GET), answer(''))
})

test('a vCard without a photo takes the avatar away', async () => {
  await world.ask(juliet, vcard(PHOTO))
  await world.ask(juliet, vcard('<FN>Juliet</FN>'))
  assert.equal(await world.ask(juliet, GET), answer('<FN>Juliet</FN>'))
  assert.match(
    await world.ask(juliet, items(METADATA, " max_items='1'")),
    new RegExp(`<metadata xmlns="${METADATA}"/>`),
  )
})

test('available presence is given the hash of the avatar, unless the client shows none on purpose', async () => {
  assert.equal(outgoing(''), '<presence/>')
  await world.ask(juliet, vcard(PHOTO))
  const hashed = normal(`<presence>${update(`<photo>${HASH}</photo>`)}</presence>`)
  assert.equal(outgoing(''), hashed)
  assert.equal(outgoing(update('')), hashed)
  assert.equal(outgoing(update('<photo>0123</photo>')), hashed)
  assert.equal(outgoing(update('<photo/>')), normal(`<presence>${update('<photo/>')}</presence>`))
})

test('a new avatar is told in the presence of each client that is available', async () => {
  const away = world.bind('away', false)
  await world.ask(juliet, vcard(PHOTO))
  assert.equal(away.presence, undefined)
  assert.deepEqual([...world.account.presence.keys()], ['balcony'])
  assert.match(serialize(world.account.presence.get('balcony') ?? parseElement('<x/>')), new RegExp(HASH))
  await world.ask(juliet, vcard('<FN>Juliet</FN>'))
  assert.match(serialize(world.account.presence.get('balcony') ?? parseElement('<x/>')), /<photo\/>/)
})

test('until a vCard is written it has the nickname that the account record shows', async () => {
  world.account.nickname = 'Juliet'
  assert.equal(await world.ask(juliet, GET), answer('<NICKNAME>Juliet</NICKNAME>'))
  assert.equal(await world.ask(ROMEO, GET), answer('<NICKNAME>Juliet</NICKNAME>'))
})
