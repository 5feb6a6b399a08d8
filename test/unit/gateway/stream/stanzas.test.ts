import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, auth, BOB, StreamWorld, streamError } from '../../../support/stream-world.ts'

const MINUTE_MS = 60_000

test('a stanza reaches the session with the full JID as its sender', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const own = [undefined, `${ALICE}/desk`, ALICE, 'alice@id.internal', 'alice@id.internal/desk']
  for (const from of own) {
    await play.say(`<message ${from === undefined ? '' : `from='${from}' `}to='bob@id.internal' id='1'/>`)
  }
  assert.equal(play.session.received.length, own.length)
  for (const stanza of play.session.received) {
    assert.equal(stanza.attribute('from'), `${ALICE}/desk`)
  }
  await world.stop()
})

test('what people read has the language of the stream, unless it says another (RFC 6120 §8.1.5)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open(`to='id.internal' version='1.0' xml:lang='it'`)
  await play.say(auth('PLAIN', '\0alice\0pencil'))
  await play.open(`to='id.internal' version='1.0' xml:lang='de-CH'`)
  await play.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
  await play.say(
    "<message/><presence/><message xml:lang='fr'/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>",
  )
  const languages = play.session.received.map((stanza) => stanza.attribute('xml:lang'))
  assert.deepEqual(languages, ['de-CH', 'de-CH', 'fr', undefined])
  await world.stop()
})

test('a language that is no language tag is left out', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  await play.say(auth('PLAIN', '\0alice\0pencil'))
  await play.open(`to='id.internal' version='1.0' xml:lang='${'x'.repeat(36)}'`)
  await play.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><message/>")
  assert.equal(play.session.received[0]?.attribute('xml:lang'), undefined)
  await world.stop()
})

test('nobody speaks for somebody else: X7', async () => {
  for (const from of [BOB, `${ALICE}/other`, 'id.internal', 'nobody@id.internal', 'alice@example.org', '@', '']) {
    const world = await StreamWorld.create()
    const play = await world.login()
    assert.equal(streamError(await play.say(`<message from='${from}' to='bob@id.internal'/>`)), 'invalid-from', from)
    assert.deepEqual(play.session.received, [])
    await world.stop()
  }
})

test('an element that is no stanza, or one of servers, ends the stream', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['<other/>', 'unsupported-stanza-type'],
    ["<x xmlns='urn:x'/>", 'unsupported-stanza-type'],
    ["<message xmlns='jabber:server' to='a@b'/>", 'invalid-namespace'],
    ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", 'unsupported-stanza-type'],
    ["<x xmlns='urn:xmpp:csi:0'/>", 'unsupported-stanza-type'],
    ["<x xmlns='urn:xmpp:sm:3'/>", 'unsupported-stanza-type'],
  ]
  for (const [xml, condition] of cases) {
    const world = await StreamWorld.create()
    const play = await world.login()
    assert.equal(streamError(await play.say(xml)), condition, xml)
    await world.stop()
  }
})

test('client state reaches the session (XEP-0352)', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  assert.equal(await play.say("<inactive xmlns='urn:xmpp:csi:0'/><active xmlns='urn:xmpp:csi:0'/>"), '')
  assert.deepEqual(play.session.events, ['active false', 'active true'])
  await world.stop()
})

test('stanzas whose values are malformed reach the session, which answers them: X17', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const stanzas = [
    "<message to='' id=''/>",
    `<iq type='get' to='${'x'.repeat(2_000)}' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`,
    "<message to='a@b'><delay xmlns='urn:xmpp:delay' stamp='+275760-09-13T00:00:00Z'/></message>",
    '<iq/>',
    "<presence type='none'><priority>99999999999999999999</priority></presence>",
  ]
  assert.equal(await play.say(stanzas.join('')), '')
  assert.equal(play.session.received.length, stanzas.length)
  await world.stop()
})

test('ten thousand stanzas sent at once are handled in slices, and others get their turn', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const other = await world.login({}, 'bob', 'eraser')
  const [session, bystander] = world.sessions
  const turns: number[] = []
  const receive = session!.receive.bind(session)
  session!.receive = (stanza) => {
    turns.push(bystander!.received.length)
    return receive(stanza)
  }
  const batch = "<message to='a@b'><body>x</body></message>".repeat(10_000)
  play.client.send(new TextEncoder().encode(batch))
  other.client.send('<presence/>')
  await play.hear(1_000)
  assert.equal(session!.received.length, 10_000)
  assert.ok(turns.indexOf(1) > 0 && turns.indexOf(1) <= 128, `after ${turns.indexOf(1)}`)
  await world.stop()
})

test('a client whose stanzas are not handled yet is not read from, and goes on later', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  play.session.holds = true
  await play.say('<presence/>'.repeat(1_000))
  await play.hear(1_000)
  assert.equal(play.session.received.length, 256)
  assert.equal(play.client.isPaused, true)
  play.session.handle(10)
  await play.hear(1_000)
  assert.equal(play.session.received.length, 266)
  play.session.holds = false
  play.session.handle()
  await play.hear(1_000)
  assert.equal(play.session.received.length, 1_000)
  assert.equal(play.client.isPaused, false)
  await world.stop()
})

test('a client that is silent for five minutes gets white space, or a request where it must answer', async () => {
  const world = await StreamWorld.create()
  const plain = await world.login()
  const managed = await world.login({}, 'bob', 'eraser')
  const { session } = managed
  await managed.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  const web = await world.login({ transport: 'websocket' })
  assert.equal(await plain.hear(4 * MINUTE_MS), '')
  assert.equal(await plain.hear(MINUTE_MS), ' ')
  assert.equal(await web.hear(), '')
  assert.equal(await managed.hear(), '<r xmlns="urn:xmpp:sm:3"/>')
  await managed.say("<a xmlns='urn:xmpp:sm:3' h='0'/>")
  await managed.hear(2 * MINUTE_MS)
  assert.deepEqual(session.events, [])
  assert.match(await managed.hear(4 * MINUTE_MS), /<connection-timeout /)
  assert.deepEqual(session.events, ['detached'])
  assert.equal(plain.client.isClosed, false)
  await world.stop()
})

test('white space from the client is no stanza and no error', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  assert.equal(await play.say(' ', '\n', '\r\n\t', '<presence/> '), '')
  assert.equal(play.session.received.length, 1)
  await world.stop()
})

test('a client that never reads is full, then cut off, and may resume', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await play.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  const { session } = play
  const { port } = session.request
  play.client.stall()
  const body = 'x'.repeat(100_000)
  for (let number = 0; number < 11; number++) {
    session.deliver(body)
    await play.hear()
  }
  assert.equal(port.isFull, true)
  session.deliver('too much')
  await play.hear()
  assert.deepEqual(session.events, ['too much lost'])
  // It goes on sending; we do not read what would make us write more.
  assert.equal(await play.say("<presence/><r xmlns='urn:xmpp:sm:3'/>".repeat(100)), '')
  assert.equal(session.received.length, 0)
  await play.hear(MINUTE_MS)
  assert.equal(session.events.at(-1), 'detached')
  await play.hear(10 * MINUTE_MS)
  assert.equal(session.events.filter((event) => event.endsWith(' lost')).length, 12)
  assert.equal(session.events.at(-1), 'ended')
  play.client.expire()
  await world.stop()
})

test('a client that reads slowly is not cut off', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  for (let minute = 0; minute < 5; minute++) {
    play.client.stall()
    play.session.deliver('x')
    await play.hear(50_000)
    play.client.flow()
    await play.hear(1_000)
  }
  assert.equal(play.client.isClosed, false)
  assert.equal(
    play.session.events.every((event) => event === 'x delivered'),
    true,
  )
  await world.stop()
})

test('an error of our own ends the stream with internal-server-error and nothing else', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  play.session.receive = () => {
    throw new Error('planted')
  }
  assert.equal(streamError(await play.say('<presence/>')), 'internal-server-error')
  const other = await world.login({}, 'bob', 'eraser')
  assert.equal(await other.say('<presence/>'), '')
  await world.stop()
})

test('what XML cannot carry is lost, and the stream goes on', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  play.session.deliver('\u0000')
  play.session.deliver('fine')
  assert.match(await play.hear(), /fine/)
  assert.deepEqual(play.session.events.toSorted(), ['\u0000 lost', 'fine delivered'])
  await world.stop()
})
