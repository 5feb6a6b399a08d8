import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MEMORY_TLS } from '../../../support/memory-client-connection.ts'
import { ALICE, auth, BOB, openTag, StreamWorld, streamError } from '../../../support/stream-world.ts'

const HEADERS: readonly (readonly [string, string, string])[] = [
  ['another domain', openTag("to='example.org' version='1.0'"), 'host-unknown'],
  ['no version', openTag("to='id.internal'"), 'unsupported-version'],
  ['version 0.9', openTag("to='id.internal' version='0.9'"), 'unsupported-version'],
  ['a version that is none', openTag("to='id.internal' version='x'"), 'unsupported-version'],
  ['a sender of another domain', openTag("to='id.internal' version='1.0' from='a@example.org'"), 'invalid-from'],
  ['the namespace of servers', openTag().replace('jabber:client', 'jabber:server'), 'invalid-namespace'],
  ['another stream namespace', openTag().replace('http://etherx.jabber.org/streams', 'urn:other'), 'invalid-namespace'],
  ['another prefix', openTag().replaceAll('stream:', 's:').replaceAll(':stream=', ':s='), 'bad-namespace-prefix'],
  [
    'no prefix',
    "<stream xmlns='http://etherx.jabber.org/streams' to='id.internal' version='1.0'>",
    'bad-namespace-prefix',
  ],
  ['another element', openTag().replace('<stream:stream', '<stream:other'), 'bad-format'],
]

for (const [what, header, condition] of HEADERS) {
  test(`a header with ${what} is answered with a header, ${condition} and the end`, async () => {
    const world = await StreamWorld.create()
    const play = world.connect()
    const answer = await play.say(header)
    assert.match(answer, /^<\?xml version='1.0'\?><stream:stream [^>]*from="id.internal"[^>]*>/)
    assert.equal(streamError(answer), condition)
    assert.match(answer, /<\/stream:error><\/stream:stream>$/)
    assert.equal(play.client.isClosed, true)
    await world.stop()
  })
}

for (const version of ['1.1', '2.0', '01.0']) {
  test(`a header with version ${version} is answered with 1.0, the highest that is spoken here`, async () => {
    const world = await StreamWorld.create()
    const answer = await world.connect().say(openTag(`to='id.internal' version='${version}'`))
    assert.match(answer, / version="1\.0"[^>]*><stream:features>/)
    await world.stop()
  })
}

test('a header is answered with an id that differs from stream to stream, and with whom it was from', async () => {
  const world = await StreamWorld.create()
  const ids = new Set<string | undefined>()
  for (let turn = 0; turn < 3; turn++) {
    const answer = await world.connect().open("to='ID.internal' version='1.0' from='alice@id.internal'")
    assert.match(answer, / to="alice@id.internal"/)
    ids.add(/ id="([0-9a-f]{32})"/.exec(answer)?.[1])
  }
  assert.equal(ids.size, 3)
  assert.equal(ids.has(undefined), false)
  await world.stop()
})

/** The names of the features in an answer, and of the mechanisms of RFC 6120. */
function featuresOf(answer: string): string {
  const features = /<stream:features[^>]*>(.*)<\/stream:features>/.exec(answer)?.[1] ?? ''
  const names = [...features.matchAll(/<([a-z-]+) xmlns="([^"]+)"/g)].map(([, name]) => name)
  const mechanisms = /<mechanisms.*?<\/mechanisms>/.exec(features)?.[0] ?? ''
  return [...names, ...[...mechanisms.matchAll(/<mechanism>(.*?)</g)].map(([, name]) => name)].join(' ')
}

const PLUS = 'SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS'
const SCRAM = 'SCRAM-SHA-256 SCRAM-SHA-1'
const SASL = 'mechanisms authentication sm bind'

test('what is offered before login depends on the connection', async () => {
  const world = await StreamWorld.create()
  const offers: readonly (readonly [Parameters<StreamWorld['connect']>[0], string])[] = [
    [{}, `${SASL} limits ${SCRAM} PLAIN`],
    [{ startTls: MEMORY_TLS }, `starttls ${SASL} limits ${SCRAM} PLAIN`],
    [{ isLocal: false, startTls: MEMORY_TLS }, 'starttls limits'],
    [{ isLocal: false }, 'limits'],
    [{ tls: MEMORY_TLS, isLocal: false }, `${SASL} sasl-channel-binding limits ${PLUS} ${SCRAM} PLAIN`],
    [{ tls: { version: 'TLSv1.3', channelBindings: new Map() }, isLocal: false }, `${SASL} limits ${SCRAM} PLAIN`],
    [{ transport: 'unix' }, `${SASL} limits EXTERNAL ${SCRAM} PLAIN`],
    [{ transport: 'websocket' }, `${SASL} limits ${SCRAM} PLAIN`],
  ]
  for (const [init, offer] of offers) {
    assert.equal(featuresOf(await world.connect(init).open()), offer, JSON.stringify(init))
  }
  await world.stop()
})

test('over a network TLS is required before anything else', async () => {
  const world = await StreamWorld.create()
  const play = world.connect({ isLocal: false, startTls: MEMORY_TLS })
  assert.match(await play.open(), /<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required\/><\/starttls>/)
  assert.match(await play.say(auth('PLAIN', '\0alice\0pencil')), /<encryption-required\/>/)
  await world.stop()
})

test('TLS is begun on request, then the stream begins anew', async () => {
  const world = await StreamWorld.create()
  const play = world.connect({ isLocal: false, startTls: MEMORY_TLS })
  await play.open()
  assert.equal(
    await play.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    '<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>',
  )
  const features = featuresOf(await play.open())
  assert.match(features, /^mechanisms .*-PLUS/)
  assert.match(
    await play.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    /<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"\/>/,
  )
  await world.stop()
})

test('what is sent in clear behind the request for TLS is never read', async () => {
  const world = await StreamWorld.create()
  const play = world.connect({ isLocal: false, startTls: MEMORY_TLS })
  await play.open()
  const answer = await play.say(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${openTag()}`)
  assert.equal(streamError(answer), 'policy-violation')
  assert.equal(play.client.isClosed, true)
  await world.stop()
})

test('a handshake that fails ends the connection and leaves nothing behind', async () => {
  const world = await StreamWorld.create()
  const play = world.connect({ startTls: MEMORY_TLS })
  await play.open()
  play.client.failHandshake()
  await play.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  assert.equal(play.client.isClosed, true)
  await world.stop()
})

test('a resource is bound as asked, or chosen', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  const features = featuresOf(await play.authenticate('alice', 'pencil'))
  assert.equal(features, 'bind session sm csi ver limits')
  const answer = await play.bind('desk')
  assert.match(answer, new RegExp(`^<iq id="b" type="result"><bind [^>]*><jid>${ALICE}/desk</jid></bind></iq>$`))
  const other = world.connect()
  await other.authenticate('bob', 'eraser')
  const chosen = await other.say("<iq type='set' id='x'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
  assert.match(chosen, new RegExp(`<jid>${BOB}/resource-1</jid>`))
  assert.equal(other.session.request.passwordName, 'desk')
  assert.equal(play.client.isLoggedIn, true)
  await world.stop()
})

test('a refused resource is a stanza error, after which another may be asked for', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.authenticate('alice', 'pencil')
  assert.match(await play.bind('taken'), /type="error"><error type="cancel"><conflict /)
  assert.match(await play.bind('desk'), /\/desk<\/jid>/)
  assert.match(await play.bind('second'), /type="error"><error type="cancel"><not-allowed /)
  assert.equal(world.sessions.length, 1)
  await world.stop()
})

test('what the host delivers while it binds comes after the answer', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  play.session.deliver('first')
  assert.match(await play.hear(), /first/)
  await world.stop()
})

test('the session of RFC 3921 is answered with an empty result', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
  assert.equal(await play.say(`<iq type='set' id='s'>${session}</iq>`), '<iq id="s" type="result"/>')
  assert.equal(
    await play.say(`<iq type='set' id='s' to='id.internal'>${session}</iq>`),
    '<iq from="id.internal" id="s" type="result"/>',
  )
  assert.deepEqual(play.session.xml, [])
  await world.stop()
})

const EARLY: readonly (readonly [string, string])[] = [
  ["<message to='bob@id.internal'><body>x</body></message>", 'not-authorized'],
  ['<presence/>', 'not-authorized'],
  ["<iq type='get' id='1'><query xmlns='jabber:iq:auth'/></iq>", 'not-authorized'],
  ["<active xmlns='urn:xmpp:csi:0'/>", 'unsupported-stanza-type'],
  ['<other/>', 'unsupported-stanza-type'],
  ["<message xmlns='urn:other'/>", 'unsupported-stanza-type'],
]

for (const [stanza, condition] of EARLY) {
  test(`${stanza} before login, and before binding, ends the stream with ${condition}`, async () => {
    const world = await StreamWorld.create()
    const stranger = world.connect()
    await stranger.open()
    assert.equal(streamError(await stranger.say(stanza)), condition)
    const unbound = world.connect()
    await unbound.authenticate('alice', 'pencil')
    assert.equal(streamError(await unbound.say(stanza)), condition)
    await world.stop()
  })
}

test('compression is never had: X4', async () => {
  const world = await StreamWorld.create()
  const compress = "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>"
  const refused = '<failure xmlns="http://jabber.org/protocol/compress"><unsupported-method/></failure>'
  const play = world.connect()
  assert.doesNotMatch(await play.open(), /compress/)
  assert.equal(await play.say(compress), refused)
  const bound = await world.login()
  assert.equal(await bound.say(compress), refused)
  await world.stop()
})

test('a header of somebody else than who has logged in is refused', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  await play.say(auth('PLAIN', '\0alice\0pencil'))
  assert.equal(streamError(await play.open("to='id.internal' version='1.0' from='bob@id.internal'")), 'invalid-from')
  await world.stop()
})

test('a client that says goodbye is answered when what it sent is handled', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  play.session.holds = true
  assert.equal(await play.say("<message to='a@b'/></stream:stream>"), '')
  assert.deepEqual(play.session.events, [])
  play.session.handle()
  assert.equal(await play.hear(), '</stream:stream>')
  assert.deepEqual(play.session.events, ['ended'])
  assert.equal(play.client.isClosed, true)
  await world.stop()
})

test('a client that says goodbye before login is answered too', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  await play.open()
  assert.equal(await play.say('</stream:stream>'), '</stream:stream>')
  assert.equal(play.client.isClosed, true)
  await world.stop()
})

test('all streams end with system-shutdown when the node stops', async () => {
  const world = await StreamWorld.create()
  const early = world.connect()
  const bound = await world.login()
  await bound.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  const stopped = world.streams.stop()
  assert.match(await early.hear(), /^<\?xml.*<system-shutdown .*<\/stream:stream>$/)
  assert.match(await bound.hear(), /<system-shutdown /)
  await stopped
  assert.deepEqual(bound.session.events, ['detached', 'ended'])
  const late = world.connect()
  assert.equal(late.client.isClosed, true)
  await world.stop()
})

test('a header that names a machine as its sender claims nobody and is taken, before the login and after it', async () => {
  const world = await StreamWorld.create()
  const play = world.connect()
  const header = "to='id.internal' version='1.0' from='localhost'"
  assert.match(await play.open(header), /<mechanisms/)
  await play.say(auth('PLAIN', '\0alice\0pencil'))
  assert.match(await play.open(header), /<bind/)
  await world.stop()
})
