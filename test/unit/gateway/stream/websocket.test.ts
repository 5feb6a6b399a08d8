import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, auth, StreamWorld, streamError } from '../../../support/stream-world.ts'

const WEBSOCKET = { transport: 'websocket' } as const

test('a stream over a WebSocket is opened, used and closed with one element a frame (RFC 7395)', async () => {
  const world = await StreamWorld.create()
  const play = world.connect(WEBSOCKET)
  await play.open()
  const [opening, features] = play.client.received
  assert.match(
    opening ?? '',
    /^<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" id="[0-9a-f]{32}" from="id.internal" version="1.0" xml:lang="en"\/>$/,
  )
  assert.match(features ?? '', /^<stream:features xmlns:stream="http:\/\/etherx.jabber.org\/streams"><mechanisms /)
  assert.match(await play.say(auth('PLAIN', '\0alice\0pencil')), /^<success xmlns=/)
  await play.open()
  assert.match(await play.bind('web'), new RegExp(`^<iq xmlns="jabber:client" .*<jid>${ALICE}/web<`))
  play.session.deliver('hello')
  assert.match(await play.hear(), /^<message xmlns="jabber:client" to="[^"]*" type="chat"><body>hello</)
  await play.say("<message xmlns='jabber:client' to='a@b'/>")
  assert.equal(play.session.received.length, 1)
  assert.equal(
    await play.say("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
    '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>',
  )
  assert.equal(play.client.isClosed, true)
  assert.deepEqual(play.session.events, ['hello delivered', 'ended'])
  await world.stop()
})

const HOSTILE: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['the header of a TCP stream', "<stream:stream xmlns='jabber:client'>", 'not-well-formed'],
  ['a stanza before `<open/>`', "<message xmlns='jabber:client'/>", 'invalid-namespace'],
  ['two elements in a frame', '<a/><b/>', 'not-well-formed'],
  ['half an element', '<a>', 'not-well-formed'],
  ['an empty frame', '', 'not-well-formed'],
  ['a binary frame', Uint8Array.of(60, 97, 47, 62), 'not-well-formed'],
  ['a DTD', '<!DOCTYPE a><a/>', 'restricted-xml'],
  ['a lone surrogate', '<a>\ud800</a>', 'unsupported-encoding'],
  ['too much', `<a>${'x'.repeat(10_000)}</a>`, 'policy-violation'],
  [
    'another domain',
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
    'host-unknown',
  ],
]

for (const [what, frame, condition] of HOSTILE) {
  test(`${what} is answered with ${condition} and the end`, async () => {
    const world = await StreamWorld.create()
    const play = world.connect(WEBSOCKET)
    const answer = await play.say(frame)
    assert.match(answer, /^<open /)
    assert.equal(streamError(answer), condition)
    assert.match(answer, /<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"\/>$/)
    await world.stop()
  })
}

test('a stanza without a namespace is not one of ours', async () => {
  const world = await StreamWorld.create()
  const play = await world.login(WEBSOCKET)
  assert.equal(streamError(await play.say("<message to='a@b'/>")), 'invalid-namespace')
  await world.stop()
})
