import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, type StreamPlay, StreamWorld, streamError } from '../../../support/stream-world.ts'

const SM = "xmlns='urn:xmpp:sm:3'"
const MINUTE_MS = 60_000

async function enable(play: StreamPlay): Promise<string> {
  const answer = await play.say(`<enable ${SM} resume='true'/>`)
  const id = /<enabled xmlns="urn:xmpp:sm:3" id="([\w-]+)" resume="true" max="600"\/>/.exec(answer)?.[1]
  assert.ok(id !== undefined, answer)
  // XEP-0198 §9: 128 random bits at least.
  assert.ok(id.length >= 22)
  return id
}

async function resume(world: StreamWorld, id: string, h: number, user = 'alice', password = 'pencil') {
  const play = world.connect()
  await play.authenticate(user, password)
  return { play, answer: await play.say(`<resume ${SM} previd='${id}' h='${h}'/>`) }
}

function bodies(answer: string): string {
  return [...answer.matchAll(/<body>(.*?)<\/body>/g)].map(([, text]) => text).join(' ')
}

test('stanzas of the client are counted when they are handled, in their order, and elements that are no stanzas not', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await play.say('<presence/>')
  await enable(play)
  play.session.holds = true
  assert.equal(await play.say(`<message to='a@b'/><presence/><r ${SM}/>`), '')
  play.session.handle(1)
  assert.equal(await play.hear(), '')
  // An answer that has to wait says after half a second how far we are, and more when all is handled.
  assert.equal(await play.hear(500), '<a xmlns="urn:xmpp:sm:3" h="1"/>')
  play.session.handle()
  assert.equal(await play.hear(), '<a xmlns="urn:xmpp:sm:3" h="2"/>')
  await play.say("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
  assert.match(await play.say(`<active xmlns='urn:xmpp:csi:0'/><r ${SM}/>`), /h="3"/)
  await world.stop()
})

test('what is handled out of order is counted up to the first that is not', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  const waiting: (() => void)[] = []
  play.session.receive = () => new Promise((resolve) => waiting.push(resolve))
  await play.say(`<message to='a@b'/><message to='a@b'/><message to='a@b'/><r ${SM}/>`)
  waiting[1]?.()
  waiting[2]?.()
  assert.equal(await play.hear(500), '<a xmlns="urn:xmpp:sm:3" h="0"/>')
  waiting[0]?.()
  assert.equal(await play.hear(), '<a xmlns="urn:xmpp:sm:3" h="3"/>')
  await world.stop()
})

test('an acknowledgement is asked for once a burst, and settles what it names', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  const { session } = play
  session.deliver('1')
  session.deliver('2')
  assert.match(await play.hear(), /^<message .*1<.*<message .*2<.*<\/message><r xmlns="urn:xmpp:sm:3"\/>$/)
  session.deliver('3')
  assert.doesNotMatch(await play.hear(), /<r /)
  assert.equal(await play.say(`<a ${SM} h='2'/>`), '<r xmlns="urn:xmpp:sm:3"/>')
  assert.deepEqual(session.events, ['1 delivered', '2 delivered'])
  assert.equal(await play.say(`<a ${SM} h='3'/>`), '')
  assert.deepEqual(session.events.slice(2), ['3 delivered'])
  await world.stop()
})

test('without stream management a stanza is delivered when it has left, and lost when it has not', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const { session } = play
  session.deliver('1')
  await play.hear()
  assert.deepEqual(session.events, ['1 delivered'])
  play.client.stall()
  session.deliver('2')
  session.deliver('3')
  await play.hear()
  assert.deepEqual(session.events, ['1 delivered'])
  play.client.flow()
  await play.hear()
  play.client.stall()
  session.deliver('4')
  await play.hear()
  play.client.close()
  await play.hear()
  assert.deepEqual(session.events, ['1 delivered', '2 delivered', '3 delivered', '4 lost', 'ended'])
  await world.stop()
})

test('a client that counts more than it was sent is told so', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  play.session.deliver('1')
  await play.hear()
  const answer = await play.say(`<a ${SM} h='2'/>`)
  assert.match(
    answer,
    /<undefined-condition [^>]*\/>.*<handled-count-too-high xmlns="urn:xmpp:sm:3" h="2" send-count="1"\/><\/stream:error>/,
  )
  await world.stop()
})

test('an acknowledgement without a counter, or without stream management, ends the stream', async () => {
  for (const ack of [`<a ${SM}/>`, `<a ${SM} h='x'/>`, `<a ${SM} h='-1'/>`, `<a ${SM} h='4294967296'/>`]) {
    const world = await StreamWorld.create()
    const play = await world.login()
    await enable(play)
    assert.equal(streamError(await play.say(ack)), 'bad-format')
    const other = await world.login()
    assert.equal(streamError(await other.say(`<a ${SM} h='0'/>`)), 'bad-format')
    await world.stop()
  }
})

test('a broken stream is resumed: what was not acknowledged comes again, in order, and nothing twice', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  const { session } = play
  await play.say('<presence/>')
  for (const text of ['1', '2', '3']) {
    session.deliver(text)
  }
  await play.hear()
  play.client.close()
  await play.hear()
  session.deliver('4')
  const { play: again, answer } = await resume(world, id, 2)
  assert.match(answer, new RegExp(`^<resumed xmlns="urn:xmpp:sm:3" h="1" previd="${id}"/>`))
  assert.equal(bodies(answer), '3 4')
  assert.deepEqual(session.events, ['detached', '1 delivered', '2 delivered', 'resumed'])
  await again.say(`<a ${SM} h='4'/>`)
  assert.deepEqual(session.events.slice(-2), ['3 delivered', '4 delivered'])
  assert.match(await again.say(`<presence/><r ${SM}/>`), /h="2"/)
  assert.equal(session.received.length, 2)
  await world.stop()
})

test('a session is resumed while its old stream seems alive; that one ends with conflict', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  const { session } = play
  session.deliver('1')
  await play.hear()
  const { play: again, answer } = await resume(world, id, 0)
  assert.equal(bodies(answer), '1')
  assert.equal(streamError(await play.hear()), 'conflict')
  assert.deepEqual(session.events, [])
  session.deliver('2')
  assert.equal(bodies(await again.hear()), '2')
  await world.stop()
})

test('a session is resumed on another transport', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  play.session.deliver('1')
  play.client.close()
  await play.hear()
  const again = world.connect({ transport: 'websocket', webBase: 'https://example' })
  await again.authenticate('alice', 'pencil')
  const answer = await again.say(`<resume ${SM} previd='${id}' h='0'/>`)
  assert.match(answer, /<message xmlns="jabber:client" /)
  assert.equal(play.session.request.port.webBase, 'https://example')
  await world.stop()
})

test('nobody resumes the session of another, one that is over, or one twice: X12', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  const { session } = play
  await play.say('<presence/>')
  const failed = /^<failed xmlns="urn:xmpp:sm:3"><item-not-found /
  const early = world.connect()
  await early.open()
  assert.match(await early.say(`<resume ${SM} previd='${id}' h='0'/>`), /^<failed .*<unexpected-request /)
  const bob = await resume(world, id, 0, 'bob', 'eraser')
  assert.match(bob.answer, failed)
  // The stream goes on: Bob may bind instead.
  assert.match(await bob.play.bind('desk'), /<jid>/)
  assert.match((await resume(world, 'x'.repeat(32), 0)).answer, failed)
  assert.match((await resume(world, '', 0)).answer, failed)
  assert.deepEqual(session.events, [])
  play.client.close()
  await play.hear(10 * MINUTE_MS)
  assert.deepEqual(session.events, ['detached', 'ended'])
  const late = await resume(world, id, 0)
  assert.match(late.answer, /^<failed xmlns="urn:xmpp:sm:3" h="1"><item-not-found /)
  await world.stop()
})

test('a session that is not resumed ends after ten minutes, and what it did not get is lost', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  const { session } = play
  session.deliver('1')
  await play.hear()
  play.client.close()
  await play.hear(9 * MINUTE_MS)
  assert.deepEqual(session.events, ['detached'])
  await play.hear(MINUTE_MS)
  assert.deepEqual(session.events, ['detached', '1 lost', 'ended'])
  await world.stop()
})

test('a session whose client said goodbye cannot be resumed, nor one that did not want it', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  await play.say('</stream:stream>')
  assert.deepEqual(play.session.events, ['ended'])
  assert.match((await resume(world, id, 0)).answer, /^<failed /)
  const other = await world.login()
  assert.equal(await other.say(`<enable ${SM}/>`), '<enabled xmlns="urn:xmpp:sm:3"/>')
  other.client.close()
  await other.hear()
  assert.deepEqual(other.session.events, ['ended'])
  await world.stop()
})

test('stream management is enabled once, after binding, and not resumed after it', async () => {
  const world = await StreamWorld.create()
  const unbound = world.connect()
  await unbound.authenticate('alice', 'pencil')
  assert.match(await unbound.say(`<enable ${SM}/>`), /^<failed .*<unexpected-request /)
  const play = await world.login()
  const id = await enable(play)
  assert.match(await play.say(`<enable ${SM}/>`), /^<failed .*<unexpected-request /)
  assert.match(await play.say(`<resume ${SM} previd='${id}' h='0'/>`), /^<failed .*<unexpected-request /)
  await world.stop()
})

test('a session that its account ends cannot be resumed', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  const { StreamError } = await import('../../../../src/xmpp/stream-error.ts')
  play.session.request.port.end(new StreamError('conflict'))
  assert.deepEqual(play.session.events, [])
  assert.equal(streamError(await play.hear()), 'conflict')
  assert.deepEqual(play.session.events, ['ended'])
  assert.match((await resume(world, id, 0)).answer, /^<failed /)
  await world.stop()
})

test('a revoked password ends a session that waits', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  play.client.close()
  await play.hear()
  await world.passwords.add(ALICE, 'other', { password: 'stylus' })
  await world.passwords.revoke(ALICE, 'desk')
  await play.hear()
  assert.deepEqual(play.session.events, ['detached', 'ended'])
  assert.match((await resume(world, id, 0, 'alice', 'stylus')).answer, /^<failed /)
  await world.stop()
})

test('the queue of a session is bounded: what comes beyond is lost at once', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  const { session } = play
  const { port } = session.request
  for (let number = 0; number < 1_000; number++) {
    assert.equal(port.isFull, false)
    session.deliver(String(number))
  }
  assert.equal(port.isFull, true)
  session.deliver('too many')
  assert.deepEqual(session.events, [])
  await play.hear()
  assert.deepEqual(session.events, ['too many lost'])
  await play.say(`<a ${SM} h='1'/>`)
  assert.equal(port.isFull, false)
  await world.stop()
})

test('a client that acknowledges nothing more is taken for gone after a minute, and may resume', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  await enable(play)
  play.session.deliver('1')
  await play.hear(59_000)
  assert.deepEqual(play.session.events, [])
  assert.equal(streamError(await play.hear(2_000)), 'connection-timeout')
  assert.deepEqual(play.session.events, ['detached'])
  await world.stop()
})

test('at most 256 sessions wait to be resumed; the one that waits longest is given up', async () => {
  const world = await StreamWorld.create()
  for (let number = 0; number < 258; number++) {
    const play = await world.login({}, 'alice', 'pencil', `r${number}`)
    await enable(play)
    play.client.close()
    await play.hear()
  }
  assert.deepEqual(world.sessions.map(({ events }) => events.join(' ')).slice(0, 4), [
    'detached ended',
    'detached ended',
    'detached',
    'detached',
  ])
  await world.stop()
})

test('a session is resumed when what its client sent is handled, so that nothing is sent twice', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  const { session } = play
  session.holds = true
  await play.say('<presence/><presence/>')
  play.client.close()
  await play.hear()
  const { play: again, answer } = await resume(world, id, 0)
  assert.equal(answer, '')
  session.handle(1)
  assert.equal(await again.hear(), '')
  session.handle()
  assert.match(await again.hear(), /<resumed [^>]*h="2"/)
  await again.say('<presence/>')
  again.client.close()
  await again.hear()
  const { play: third } = await resume(world, id, 0)
  assert.match(await third.hear(5_000), /<resumed [^>]*h="2"/)
  const { play: gone } = await resume(world, id, 0)
  gone.client.close()
  session.handle()
  await third.hear()
  session.deliver('still here')
  assert.match(await third.hear(), /still here/)
  await world.stop()
})

test('a session is resumed with SASL2 in one go, and a bind beside it is ignored (XEP-0386 §4.2)', async () => {
  const world = await StreamWorld.create()
  const play = await world.login()
  const id = await enable(play)
  play.session.deliver('1')
  play.client.close()
  await play.hear()
  const again = world.connect({ transport: 'unix' })
  await again.open()
  const inline = `<resume ${SM} previd='${id}' h='0'/><bind xmlns='urn:xmpp:bind:0'/>`
  const answer = await again.say(
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='EXTERNAL'><initial-response/>${inline}</authenticate>`,
  )
  assert.match(
    answer,
    /<authorization-identifier>[^<]*\/desk<.*<resumed [^>]*\/><\/success><stream:features>.*<body>1</,
  )
  assert.equal(world.sessions.length, 1)
  const failed = world.connect({ transport: 'unix' })
  await failed.open()
  const other = await failed.say(
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='EXTERNAL'><initial-response/>${inline.replace(id, 'x')}</authenticate>`,
  )
  assert.match(
    other,
    /<failed xmlns="urn:xmpp:sm:3"><item-not-found [^>]*\/><\/failed><bound xmlns="urn:xmpp:bind:0"\/><\/success>/,
  )
  await world.stop()
})
