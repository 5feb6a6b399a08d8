import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountFeatures } from '../../../../src/gateway/account-features.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { HubWorld } from '../sessions/hub-world.ts'

function romeosServer(): HubWorld {
  return new HubWorld({ features: accountFeatures })
}

test('a client finds its way from the server to the archive', async () => {
  const world = romeosServer()
  const client = await world.online('garden')
  await world.settle()
  client.read()
  await client.write(
    `<iq type='get' id='1' to='id.internal'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  )
  await client.write(`<iq type='get' id='2'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`)
  const [server = '', account = ''] = client.read()
  assert.match(server, /^<iq from="id.internal" to="romeo@net\/garden" id="1" type="result">/)
  for (const name of ['urn:xmpp:blocking', 'urn:xmpp:carbons:2', 'msgoffline', 'vcard-temp', 'urn:xmpp:ping']) {
    assert.ok(server.includes(`<feature var="${name}"/>`), name)
  }
  assert.match(account, /^<iq to="romeo@net\/garden" id="2" type="result">/)
  for (const name of [
    'urn:xmpp:mam:2#extended',
    'urn:xmpp:sid:0',
    'http://jabber.org/protocol/pubsub#publish-options',
  ]) {
    assert.ok(account.includes(`<feature var="${name}"/>`), name)
  }
  assert.match(account, /<identity category="pubsub" type="pep"\/>/)
  await world.hub.stop()
})

test('the archive has what the client got and what it sent, under the ids it saw, and the result comes last', async () => {
  const world = romeosServer()
  const client = await world.online('garden')
  world.hear(`<message from='juliet@net/balcony' to='romeo@net' type='chat' id='a'><body>Romeo?</body></message>`)
  await world.settle()
  const live = client.read().find((xml) => xml.includes('Romeo?')) ?? ''
  const [, liveId] = live.match(/<stanza-id xmlns="urn:xmpp:sid:0" id="(\d+)" by="romeo@net"\/>/) ?? []
  await client.write(`<message to='juliet@net' type='chat' id='b'><body>I am here</body></message>`)
  await world.settle()
  client.read()
  await client.write(`<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2' queryid='q'/></iq>`)
  const [first = '', second = '', fin = '', ...more] = client.read()
  assert.deepEqual(more, [])
  assert.match(
    first,
    new RegExp(
      `^<message from="romeo@net" to="romeo@net/garden"><result xmlns="urn:xmpp:mam:2" queryid="q" id="${liveId}">`,
    ),
  )
  assert.match(first, /Romeo\?/)
  assert.match(second, /<message [^>]*from="romeo@net\/garden"[^>]*>.*I am here/)
  assert.match(fin, /^<iq to="romeo@net\/garden" id="m" type="result"><fin xmlns="urn:xmpp:mam:2" complete="true">/)
  await world.hub.stop()
})

test('a contact pings, and reads neither archive nor block list nor the time', async () => {
  const world = romeosServer()
  world.account.putRosterItem({ jid: world.account.address.replace(/aa/g, 'bb'), subscription: 'both' })
  const from = world.account.address.replace(/aa/g, 'bb')
  const ask = async (payload: string): Promise<string | undefined> => {
    const iq = `<iq xmlns='jabber:client' type='get' id='1' from='${from}/balcony' to='${world.account.address}'>${payload}</iq>`
    return (await world.account.ask(parseElement(iq))).attribute('type')
  }
  assert.equal(await ask(`<ping xmlns='urn:xmpp:ping'/>`), 'result')
  assert.equal(await ask(`<query xmlns='http://jabber.org/protocol/disco#info'/>`), 'result')
  assert.equal(await ask(`<query xmlns='jabber:iq:last'/>`), 'result')
  assert.equal(await ask(`<metadata xmlns='urn:xmpp:mam:2'/>`), 'error')
  assert.equal(await ask(`<blocklist xmlns='urn:xmpp:blocking'/>`), 'error')
  assert.equal(await ask(`<time xmlns='urn:xmpp:time'/>`), 'error')
  await world.hub.stop()
})
