import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StanzaError } from '../../../../src/xmpp/stanza-error.ts'
import { HubWorld, JULIET, ROMEO, shorten } from './hub-world.ts'

const CHAT =
  "<message from='juliet@net/balcony' to='romeo@net' type='chat' id='m1'><body>art thou not Romeo</body></message>"
const toResource = (resource: string): string => CHAT.replace("to='romeo@net'", `to='romeo@net/${resource}'`)

test('a message to the bare JID reaches every client of non-negative priority with its id in the archive', async () => {
  const world = new HubWorld()
  const [garden, home, hidden] = [
    await world.online('garden'),
    await world.online('home', { priority: 5 }),
    await world.online('hidden', { priority: -1 }),
  ]
  const offline = world.bind('offline')
  world.hear(CHAT)
  const expected =
    '<message from="juliet@net/balcony" to="romeo@net" type="chat" id="m1"><body>art thou not Romeo</body>' +
    '<stanza-id xmlns="urn:xmpp:sid:0" id="100" by="romeo@net"/></message>'
  assert.deepEqual(garden.read().at(-1), expected)
  assert.deepEqual(home.read().at(-1), expected)
  assert.ok(!hidden.read().some((xml) => xml.startsWith('<message')))
  assert.deepEqual(offline.read(), [])
})

test('a message to a full JID reaches that client, and as a carbon the others that asked for copies', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home', { carbons: true })
  const street = await world.online('street')
  garden.read()
  world.hear(toResource('garden'))
  assert.equal(garden.read().length, 1)
  const [copy] = home.read().filter((xml) => xml.startsWith('<message'))
  assert.ok(
    copy!.startsWith(
      '<message from="romeo@net" to="romeo@net/home" type="chat"><received xmlns="urn:xmpp:carbons:2">' +
        '<forwarded xmlns="urn:xmpp:forward:0"><message from="juliet@net/balcony"',
    ),
    copy,
  )
  assert.ok(copy!.includes('<stanza-id xmlns="urn:xmpp:sid:0" id="100" by="romeo@net"/>'))
  assert.ok(!street.read().some((xml) => xml.startsWith('<message')))
})

test('what a message says in the name of the server does not reach a client; unknown payloads and markup do', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.hear(
    "<message from='juliet@net/x' to='romeo@net' type='chat'><body>hi</body>" +
      "<received xmlns='urn:xmpp:carbons:2'/><result xmlns='urn:xmpp:mam:2' id='1'/>" +
      `<stanza-id xmlns='urn:xmpp:sid:0' by='${ROMEO}' id='forged'/>` +
      `<delay xmlns='urn:xmpp:delay' from='${ROMEO}' stamp='1969-07-21T02:56:15Z'/>` +
      "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>hi</body></html>" +
      "<unheard xmlns='urn:of'/></message>",
  )
  assert.deepEqual(garden.read(), [
    '<message from="juliet@net/x" to="romeo@net" type="chat"><body>hi</body>' +
      '<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">hi</body></html>' +
      '<unheard xmlns="urn:of"/><stanza-id xmlns="urn:xmpp:sid:0" id="100" by="romeo@net"/></message>',
  ])
  world.hear(
    "<message from='juliet@net/x' to='romeo@net' type='headline'><received xmlns='urn:xmpp:carbons:2'/></message>",
  )
  assert.deepEqual(garden.read(), ['<message from="juliet@net/x" to="romeo@net" type="headline"/>'])
})

test('a client writes under its full JID, and the others that asked see what it wrote', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home', { carbons: true })
  home.read()
  garden.read()
  await garden.write("<message to='juliet@net' type='chat' id='o1'><body>my dear?</body></message>")
  assert.equal(world.account.sent[0]!.attribute('from'), `${ROMEO}/garden`)
  const [copy] = home.read()
  assert.ok(
    copy!.startsWith('<message from="romeo@net" to="romeo@net/home" type="chat"><sent xmlns="urn:xmpp:carbons:2">'),
  )
  assert.ok(copy!.includes('by="romeo@net"/></message></forwarded></sent></message>'), copy)
  assert.deepEqual(garden.read(), [])
})

test('private messages are not copied, chat states are', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home', { carbons: true })
  home.read()
  await garden.write(
    "<message to='juliet@net' type='chat'><body>x</body><private xmlns='urn:xmpp:carbons:2'/></message>",
  )
  await garden.write("<message to='juliet@net' type='chat'><body>x</body><no-copy xmlns='urn:xmpp:hints'/></message>")
  world.hear(
    "<message from='juliet@net/x' to='romeo@net/garden' type='chat'><body>x</body><private xmlns='urn:xmpp:carbons:2'/></message>",
  )
  assert.deepEqual(home.read(), [])
  await garden.write(
    "<message to='juliet@net' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
  )
  assert.equal(home.read().length, 1)
})

test('a refused message comes back as an error', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.account.refusal = new StanzaError('policy-violation', 'too long')
  await garden.write("<message to='juliet@net' id='x'><body>x</body></message>")
  const error =
    '<message from="juliet@net" to="romeo@net/garden" id="x" type="error"><error type="modify">' +
    '<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>' +
    '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">too long</text></error></message>'
  assert.deepEqual(garden.read(), [error])
  await garden.write("<message to='id.internal' id='y'><body>x</body></message>")
  assert.match(garden.read()[0]!, /from="id.internal" .*service-unavailable/)
  await garden.write("<message to='@id.internal' id='z'><body>x</body></message>")
  assert.match(garden.read()[0]!, /jid-malformed/)
  await garden.write("<message type='error' to='id.internal' id='y'/>")
  assert.deepEqual(garden.read(), [])
})

test('another sender than itself ends the stream of a client', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  await garden.write("<message from='romeo@net' to='juliet@net'><body>fine</body></message>")
  assert.equal(world.account.sent.length, 1)
  await garden.write("<message from='romeo@net/home' to='juliet@net'><body>x</body></message>")
  assert.equal(garden.port.ended?.condition, 'invalid-from')
  assert.equal(world.account.sent.length, 1)
})

test('what one writes to oneself is for all clients; a client that wrote to another one gets no copy', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden', { carbons: true })
  const home = await world.online('home', { carbons: true })
  garden.read()
  await garden.write("<message to='romeo@net' type='chat'><body>note</body></message>")
  assert.equal(garden.read().length, 1)
  assert.equal(home.read().length, 1)
  await garden.write("<message to='romeo@net/home' type='chat'><body>note</body></message>")
  assert.deepEqual(garden.read(), [])
  assert.equal(home.read().length, 1)
})

test('a headline goes to every client itself and is copied to none (XEP-0280 §6.1)', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home', { priority: -1, carbons: true })
  garden.read()
  world.hear("<message from='juliet@net/x' to='romeo@net' type='headline'><body>news</body></message>")
  assert.equal(garden.read().length, 1)
  await garden.write("<message to='juliet@net' type='headline'><body>news</body></message>")
  assert.deepEqual(home.read(), [])
})

test('groupchat is refused, errors reach the client they are for', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.hear("<message from='juliet@net/x' to='romeo@net' type='groupchat' id='g'><body>all</body></message>")
  assert.deepEqual(garden.read(), [])
  assert.match(shorten(world.account.sent[0]!.attribute('to')!), /^juliet@net/)
  assert.equal(world.account.sent[0]!.attribute('type'), 'error')
  world.hear("<message from='juliet@net/x' to='romeo@net' type='error' id='e'/>")
  assert.deepEqual(garden.read(), [])
  world.hear("<message from='juliet@net/x' to='romeo@net/garden' type='error' id='e'/>")
  assert.equal(garden.read().length, 1)
})

test('a message that failed is told to the client that sent it, or to who is there', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home')
  for (const client of [garden, home]) {
    client.read()
  }
  const failed = (to: string): void => {
    world.account.emit({
      type: 'message-state',
      id: '1',
      peer: JULIET,
      state: 'failed',
      error: world.account.sent.at(-1)!.withAttributes({ type: 'error', to }),
    })
  }
  await garden.write("<message to='juliet@net'><body>x</body></message>")
  failed(`${ROMEO}/garden`)
  assert.deepEqual([garden.read().length, home.read().length], [1, 0])
  failed(`${ROMEO}/gone`)
  assert.deepEqual([garden.read().length, home.read().length], [1, 1])
})
