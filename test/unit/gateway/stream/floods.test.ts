import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT_XML_LIMITS } from '../../../../src/gateway/stream/stream-limits.ts'
import { StreamReader } from '../../../../src/gateway/stream/stream-reader.ts'
import { element } from '../../../../src/xml/element.ts'
import { DEFAULT_XML_LIMITS } from '../../../../src/xml/xml-limits.ts'
import { NS_CLIENT } from '../../../../src/xmpp/namespaces.ts'
import { StreamWorld, streamError } from '../../../support/stream-world.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

const ANSWER = element('iq', NS_CLIENT, { type: 'result', id: '1' })

test('what is read in a turn has its bound, however often there is room again', async () => {
  const clock = new VirtualClock()
  let taken = 0
  const reader = new StreamReader({
    connection: { pause: () => {}, resume: () => {} },
    clock,
    mayRead: () => true,
    readOne: () => {
      if (taken === 1_000) {
        return false
      }
      taken++
      // As a stanza that is handled at once: there is room for the next.
      queueMicrotask(() => reader.read())
      return true
    },
  })
  reader.read()
  for (let microtask = 0; microtask < 10_000; microtask++) {
    await undefined
  }
  assert.equal(taken, 64)
  await clock.advance(1_000)
  assert.equal(taken, 1_000)
  reader.stop()
})

test('the answers of a client that does not read are not lost: nothing more is read from it until it does', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const { session } = play
  session.holds = true
  await play.say('<iq/>'.repeat(200))
  session.holds = false
  play.client.stall()
  for (let answers = 0; answers < 1_100; answers++) {
    session.request.port.deliver(ANSWER)
  }
  session.handle()
  await play.say('<iq/>'.repeat(10))
  assert.equal(session.received.length, 200)
  play.client.flow()
  const heard = await play.hear(1_000)
  assert.equal(heard.match(/<iq /g)?.length, 1_100)
  assert.equal(session.received.length, 210)
  await world.stop()
})

test('a client that acknowledges nothing must come back when twice the room is full, and gets everything then', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const enabled = await play.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  const id = / id="([^"]+)"/.exec(enabled)?.[1]
  for (let answers = 0; answers < 2_000; answers++) {
    play.session.request.port.deliver(ANSWER)
  }
  assert.equal((await play.hear()).match(/<iq /g)?.length, 2_000)
  play.session.request.port.deliver(ANSWER)
  assert.equal(streamError(await play.hear()), 'resource-constraint')
  assert.equal(play.session.events.at(-1), 'detached')
  const again = world.connect()
  await again.authenticate('alice', 'pencil')
  const resumed = await again.say(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='1500'/>`)
  assert.equal(resumed.match(/<iq /g)?.length, 500)
  await world.stop()
})

test('the largest stanza of a client is one that other nodes take with what its node adds to it', () => {
  assert.ok(CLIENT_XML_LIMITS.maxAttributes + 3 <= DEFAULT_XML_LIMITS.maxAttributes)
  assert.ok(CLIENT_XML_LIMITS.maxElements + 8 <= DEFAULT_XML_LIMITS.maxElements)
})

test('a stanza with too many elements or attributes ends the stream', async () => {
  const attributes = Array.from({ length: 57 }, (_, at) => `a${at}='1'`).join(' ')
  for (const xml of [`<message>${'<a/>'.repeat(8_192)}</message>`, `<message ${attributes}/>`]) {
    const world = await StreamWorld.create()
    const play = await world.login()
    assert.equal(streamError(await play.say(xml)), 'policy-violation')
    await world.stop()
  }
})
