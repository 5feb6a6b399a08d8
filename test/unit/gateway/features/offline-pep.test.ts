import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { queryOrProfile } from '../../../../src/gateway/features/personal/offline-pep.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { replyTo } from '../../../../src/xmpp/stanza.ts'
import { errorReply, StanzaError, type StanzaErrorCondition } from '../../../../src/xmpp/stanza-error.ts'
import { FakeAccount } from '../../../support/fake-account.ts'
import { ROMEO } from '../../../support/personal-world.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

const JULIET = `00${'ab'.repeat(32)}@id.internal`
const DEVICES = 'eu.siacs.conversations.axolotl.devicelist'
const LIST = "<list xmlns='eu.siacs.conversations.axolotl'><device id='42'/></list>"
const PUBSUB = 'http://jabber.org/protocol/pubsub'

let account: FakeAccount
let clock: VirtualClock

beforeEach(() => {
  account = new FakeAccount(JULIET)
  clock = new VirtualClock()
  account.profiles.set(ROMEO, {
    nickname: 'Romeo',
    items: [{ node: DEVICES, id: 'current', payload: parseElement(LIST) }],
  })
  fails('remote-server-timeout')
})

function fails(condition: StanzaErrorCondition): void {
  account.answer = async (iq) => errorReply(iq, new StanzaError(condition)) ?? iq
}

async function ask(content: string, to: string = ROMEO): Promise<string> {
  const iq = parseElement(`<iq xmlns='jabber:client' type='get' id='1' from='${JULIET}/x' to='${to}'>${content}</iq>`)
  const answer = await queryOrProfile({ account, clock }, iq, new AbortController().signal)
  assert.deepEqual([answer.attribute('from'), answer.attribute('to'), answer.attribute('id')], [to, `${JULIET}/x`, '1'])
  return answer
    .elements()
    .map((child) => serialize(child))
    .join('')
}

function itemsOf(node: string): string {
  return `<pubsub xmlns='${PUBSUB}'><items node='${node}'/></pubsub>`
}

function same(actual: string, xml: string): void {
  assert.equal(actual, serialize(parseElement(xml)))
}

test('the device list of a contact who is offline comes from its profile', async () => {
  const answer = `<pubsub xmlns='${PUBSUB}'><items node='${DEVICES}'><item id='current'>${LIST}</item></items></pubsub>`
  same(await ask(itemsOf(DEVICES)), answer)
  same(await ask(`<pubsub xmlns='${PUBSUB}'><items node='${DEVICES}' max_items='1'/></pubsub>`), answer)
})

test('the nickname is an item too, and in the vCard', async () => {
  const nick = 'http://jabber.org/protocol/nick'
  same(
    await ask(itemsOf(nick)),
    `<pubsub xmlns='${PUBSUB}'><items node='${nick}'><item id='current'><nick xmlns='${nick}'>Romeo</nick></item></items></pubsub>`,
  )
  same(await ask("<vCard xmlns='vcard-temp'/>"), "<vCard xmlns='vcard-temp'><NICKNAME>Romeo</NICKNAME></vCard>")
})

test('the nodes of the profile are listed', async () => {
  const items = 'http://jabber.org/protocol/disco#items'
  same(
    await ask(`<query xmlns='${items}'/>`),
    `<query xmlns='${items}'><item jid='${ROMEO}' node='${DEVICES}'/><item jid='${ROMEO}' node='http://jabber.org/protocol/nick'/></query>`,
  )
})

test('who can be reached answers alone, be it with an error', async () => {
  account.answer = async (iq) => replyTo(iq)
  assert.equal(await ask(itemsOf(DEVICES)), '')
  fails('item-not-found')
  assert.match(await ask(itemsOf(DEVICES)), /item-not-found/)
})

test('what the profile does not say stays an error', async () => {
  assert.match(await ask(itemsOf('urn:other')), /remote-server-timeout/)
  assert.match(await ask("<query xmlns='jabber:iq:version'/>"), /remote-server-timeout/)
  assert.match(await ask(itemsOf(DEVICES), `${ROMEO}/orchard`), /remote-server-timeout/)
  account.profiles.clear()
  assert.match(await ask(itemsOf(DEVICES)), /remote-server-timeout/)
})

test('who is not connected is looked for five seconds before the profile answers', async () => {
  account.answer = (_iq, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const asked = ask(itemsOf(DEVICES))
  await clock.advance(5_000)
  assert.match(await asked, /device id="42"/)
})
