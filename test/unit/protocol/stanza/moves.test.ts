import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StanzaWorld } from './stanza-world.ts'

const IDS = Array.from({ length: 40 }, (_, i) => `m${i}`)

/** Both are connected through a relay, and Alice has the lower PeerId. */
async function relayed(dialler: 'alice' | 'bob' = 'alice'): Promise<StanzaWorld> {
  const world = new StanzaWorld()
  const { alice, bob } = world
  world.memory.setRelayed(alice.peerId, bob.peerId, true)
  await world.start()
  await world.clock.run(dialler === 'alice' ? alice.connect(bob) : bob.connect(alice))
  await world.clock.advance(50)
  assert.deepEqual([alice.session(bob)?.path, bob.session(alice)?.path], ['relayed', 'relayed'])
  return world
}

for (const dialler of ['alice', 'bob'] as const) {
  test(`in the middle of a conversation over a relay that ${dialler} dialled, the stream moves to the direct path`, async () => {
    const world = await relayed(dialler)
    const { alice, bob } = world
    for (const [index, id] of IDS.entries()) {
      assert.ok(alice.send(bob, id) && bob.send(alice, id))
      if (index === 10) {
        world.memory.setRelayed(alice.peerId, bob.peerId, false)
      }
      assert.ok(alice.session(bob)?.isUp, 'while it moves the session is up')
      await world.clock.advance(3)
    }
    await world.clock.advance(500)
    assert.deepEqual([alice.session(bob)?.path, bob.session(alice)?.path], ['direct', 'direct'])
    for (const one of [alice, bob]) {
      assert.deepEqual(one.received, IDS)
      assert.deepEqual(one.outcomesOf('acknowledged'), IDS)
      assert.equal(one.events.includes('closed') || one.events.includes('detached'), false)
    }
    await world.stop()
  })
}

test('the higher PeerId moves when the lower one does not', async () => {
  const world = await relayed()
  const { alice, bob } = world
  alice.protocol.directPath = () => {}
  world.memory.setRelayed(alice.peerId, bob.peerId, false)
  await world.clock.advance(2_000)
  assert.equal(bob.session(alice)?.path, 'relayed')
  await world.clock.advance(2_000)
  assert.deepEqual([alice.session(bob)?.path, bob.session(alice)?.path], ['direct', 'direct'])
  await world.stop()
})

test('a direct connection that is gone before the move leaves the session where it is', async () => {
  const world = await relayed()
  const { alice, bob } = world
  world.memory.setRelayed(alice.peerId, bob.peerId, false)
  world.memory.setRelayed(alice.peerId, bob.peerId, true)
  await world.clock.advance(60_000)
  assert.equal(alice.session(bob)?.path, 'relayed')
  assert.deepEqual(alice.events, ['opened'])
  await world.stop()
})

test('a move whose open is never answered ends in a session that waits, and goes on over the relay', async () => {
  const world = await relayed()
  const { alice, bob } = world
  // Bob takes the stream and says nothing.
  const silence = Promise.withResolvers<void>()
  const handler = bob.network.handlerOf('/kabber/stanza/1.0.0')!
  const serve = handler.handler
  Object.assign(handler, { handler: () => silence.promise })
  world.memory.setRelayed(alice.peerId, bob.peerId, false)
  await world.clock.advance(100)
  assert.ok(IDS.every((id) => alice.send(bob, id)))
  await world.clock.advance(11_000)
  assert.deepEqual(alice.events, ['opened', 'detached'])
  world.memory.setRelayed(alice.peerId, bob.peerId, true)
  Object.assign(handler, { handler: serve })
  await world.clock.run(alice.connect(bob))
  await world.clock.advance(500)
  assert.deepEqual(bob.received, IDS)
  assert.deepEqual(alice.outcomesOf('acknowledged'), IDS)
  silence.resolve()
  await world.stop()
})

test('when the direct path dies the session is taken up again over the relay', async () => {
  const world = await relayed()
  const { alice, bob } = world
  world.memory.setRelayed(alice.peerId, bob.peerId, false)
  await world.clock.advance(500)
  assert.ok(alice.send(bob, 'before'))
  await world.breakStream()
  world.memory.setRelayed(alice.peerId, bob.peerId, true)
  assert.ok(alice.send(bob, 'between'))
  await world.clock.run(alice.connect(bob))
  await world.clock.advance(500)
  assert.deepEqual(bob.received, ['before', 'between'])
  assert.equal(alice.session(bob)?.path, 'relayed')
  assert.equal(alice.events.includes('closed'), false)
  await world.stop()
})
