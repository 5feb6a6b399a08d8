import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auth, openTag, StreamWorld, streamError } from '../../../support/stream-world.ts'

const HOSTILE: readonly (readonly [string, string | Uint8Array, string])[] = [
  [
    'a DTD with entities: X1',
    `<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b "${'c'.repeat(50)}">]><a>&b;</a>`,
    'restricted-xml',
  ],
  ['a DTD without entities: X1', '<!DOCTYPE stream>', 'restricted-xml'],
  ['a comment: X1', '<!-- hello -->', 'restricted-xml'],
  ['a processing instruction: X1', "<?xml-stylesheet href='a'?>", 'restricted-xml'],
  ['an unfinished start tag: X2', `<stream:stream ${'a'.repeat(10_100)}`, 'policy-violation'],
  ['HTTP', 'POST / HTTP/1.1\r\nHost: id.internal\r\n\r\n', 'not-well-formed'],
  ['TLS', Uint8Array.from([0x16, 0x03, 0x01, 0x00, 0xc8, 0x01]), 'not-well-formed'],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'not-well-formed'],
  ['NUL', '\0\0\0\0', 'not-well-formed'],
  ['an end tag', '</stream:stream>', 'not-well-formed'],
  ['a stanza instead of a header', '<message>', 'invalid-namespace'],
]

for (const [what, bytes, condition] of HOSTILE) {
  test(`${what} is answered with ${condition} and the end`, async () => {
    const world = await StreamWorld.create()
    const play = world.connect()
    const answer = await play.say(bytes)
    assert.equal(streamError(answer), condition)
    assert.match(answer, /<\/stream:error><\/stream:stream>$/)
    assert.equal(play.client.isClosed, true)
    await world.stop()
  })
}

test('whatever a client sends before login, it is gone after 30 seconds: X2', async () => {
  const world = await StreamWorld.create()
  const silent = world.connect()
  const slow = world.connect()
  const open = world.connect()
  await open.open()
  const unbound = world.connect()
  await unbound.authenticate('alice', 'pencil')
  for (let second = 0; second < 23; second++) {
    await slow.say('<')
    await slow.hear(990)
    slow.client.send(' ')
  }
  for (const play of [silent, open, unbound]) {
    assert.equal(play.client.isClosed, false)
  }
  for (const play of [silent, open, unbound]) {
    assert.equal(streamError(await play.hear(6_000)), 'connection-timeout')
    assert.equal(play.client.isClosed, true)
  }
  assert.equal(world.clock.pendingTimers, 0)
  await world.stop()
})

test('of more than 2,000 connections without login the oldest give way', async () => {
  const world = await StreamWorld.create()
  const plays = Array.from({ length: 2_002 }, () => world.connect())
  await plays[0]?.hear()
  assert.deepEqual(
    plays.slice(0, 4).map(({ client }) => client.isClosed),
    [true, true, false, false],
  )
  await world.stop()
})

const WIDE: readonly (readonly [string, string])[] = [
  ['257 KiB of text', `<message><body>${'x'.repeat(263_168)}</body></message>`],
  ['65 elements within each other', '<message>'.repeat(65)],
  ['200 attributes', `<message ${Array.from({ length: 200 }, (_, n) => `a${n}=''`).join(' ')}/>`],
  ['20,000 elements', `<message>${'<a/>'.repeat(20_000)}</message>`],
]

for (const [what, stanza] of WIDE) {
  test(`${what} in a stanza is a policy violation: X3`, async () => {
    const world = await StreamWorld.create()
    const play = await world.login()
    assert.equal(streamError(await play.say(stanza)), 'policy-violation')
    assert.deepEqual(play.session.received, [])
    await world.stop()
  })
}

test('before login 10,000 bytes are too much, after it they are not: X2', async () => {
  const world = await StreamWorld.create()
  const early = world.connect()
  await early.open()
  assert.equal(streamError(await early.say(auth('PLAIN', 'x'.repeat(10_000)))), 'policy-violation')
  const play = await world.login()
  assert.equal(await play.say(`<message><body>${'x'.repeat(250_000)}</body></message>`), '')
  assert.equal(play.session.received.length, 1)
  await world.stop()
})

test('a stanza that comes byte by byte arrives: X3', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  for (const byte of new TextEncoder().encode("<message to='a@b'><body>h\u00e9</body></message>")) {
    play.client.send(Uint8Array.of(byte))
  }
  await play.hear()
  assert.equal(play.session.received[0]?.child('body')?.text(), 'h\u00e9')
  await world.stop()
})

const SMUGGLED: readonly (readonly [string, string | Uint8Array])[] = [
  [']]> in text', '<message><body>a]]>b</body></message>'],
  ['U+FFFE', '<message><body>\ufffe</body></message>'],
  ['a reference to U+FFFE', '<message><body>&#xFFFE;</body></message>'],
  ['a reference to a surrogate', '<message><body>&#xD800;</body></message>'],
  ['a reference to NUL', '<message><body>&#0;</body></message>'],
  ['an overlong slash', Uint8Array.of(0x3c, 0x61, 0x3e, 0xc0, 0xaf, 0x3c, 0x2f, 0x61, 0x3e)],
  ['an encoded surrogate', Uint8Array.of(0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80, 0x3c, 0x2f, 0x61, 0x3e)],
  ['a name beyond ASCII', '<message><\u00e9/></message>'],
  ['a duplicate attribute', "<message id='1' id='2'/>"],
  ['a namespace separator', "<message xmlns:a='b\nc'><a:d/></message>"],
]

for (const [what, stanza] of SMUGGLED) {
  test(`${what} never passes: X5`, async () => {
    const world = await StreamWorld.create()
    const play = await world.login()
    assert.notEqual(streamError(await play.say(stanza)), undefined)
    assert.deepEqual(play.session.received, [])
    await world.stop()
  })
}

test('text that looks like markup stays text: X5', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const texts = [']]>', '</stream:stream>', '<a/>', '&amp;', '"\'', '\r\n\t']
  for (const text of texts) {
    play.session.deliver(text)
  }
  const { StreamParser } = await import('../../../../src/xml/stream-parser.ts')
  const { DEFAULT_XML_LIMITS } = await import('../../../../src/xml/xml-limits.ts')
  const parser = new StreamParser(DEFAULT_XML_LIMITS)
  parser.push(new TextEncoder().encode(openTag() + (await play.hear())))
  parser.next()
  for (const text of texts) {
    const event = parser.next()
    assert.ok(event?.type === 'element')
    assert.equal(event.element.child('body')?.text(), text)
  }
  await world.stop()
})
