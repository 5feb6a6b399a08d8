import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signAccountRecord } from '../../../../src/identity/account-record.ts'
import { StreamError } from '../../../../src/xmpp/stream-error.ts'
import { message, recordOf, StanzaWorld } from './stanza-world.ts'

const IDS = Array.from({ length: 20 }, (_, i) => `m${i}`)

test('Alice dials Bob: both see the session and the other’s account', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  assert.deepEqual([alice.events, bob.events], [['opened'], ['opened']])
  assert.deepEqual(
    alice.session(bob)?.accounts.map(({ address }) => address),
    [bob.address],
  )
  assert.deepEqual(
    bob.session(alice)?.accounts.map(({ address }) => address),
    [alice.address],
  )
  assert.ok(alice.session(bob)?.isUp && bob.session(alice)?.isUp)
  await world.stop()
})

test('stanzas arrive in order and are acknowledged once the handler is done', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  bob.handle = () => gate
  assert.ok(IDS.every((id) => alice.send(bob, id)))
  await world.clock.advance(100)
  assert.deepEqual(bob.received, IDS)
  assert.deepEqual(alice.outcomes, [])
  release()
  await world.clock.advance(100)
  assert.deepEqual(alice.outcomesOf('acknowledged'), IDS)
  await world.stop()
})

test('callers who connect at the same time share one dial and one session', async () => {
  const world = new StanzaWorld()
  await world.start()
  const { alice, bob } = world
  const sessions = await world.clock.run(Promise.all([alice.connect(bob), alice.connect(bob), alice.connect(bob)]))
  assert.equal(new Set(sessions).size, 1)
  assert.equal(await alice.connect(bob), sessions[0])
  await world.stop()
})

test('a dial that fails rejects with its DialError and leaves nothing behind', async () => {
  const world = new StanzaWorld()
  await world.alice.start()
  await assert.rejects(world.clock.run(world.alice.connect(world.bob)), { name: 'DialError' })
  assert.deepEqual([...world.alice.protocol.sessions()], [])
  assert.deepEqual(world.alice.events, [])
  await world.clock.run(world.alice.protocol.stop())
})

test('a caller whose signal aborts gets its reason, the others the session', async () => {
  const world = new StanzaWorld()
  await world.start()
  const { alice, bob } = world
  const controller = new AbortController()
  const given = alice.connect(bob, controller.signal)
  const kept = alice.connect(bob)
  const reason = new Error('changed my mind')
  controller.abort(reason)
  await assert.rejects(given, reason)
  assert.equal((await world.clock.run(kept)).peerId, bob.peerId)
  await world.stop()
})

test('when the last caller leaves, the dial is given up', async () => {
  const world = new StanzaWorld()
  await world.start()
  const { alice, bob } = world
  const controller = new AbortController()
  const given = alice.connect(bob, controller.signal)
  await world.clock.advance(21)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(given, /changed my mind/)
  await world.clock.advance(1000)
  assert.deepEqual(alice.events, [])
  assert.equal(alice.session(bob), undefined)
  await world.stop()
})

for (const delayMs of [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60]) {
  for (const first of ['alice', 'bob'] as const) {
    test(`both dial, ${first} ${delayMs} ms earlier: one session, opened once, nothing lost`, async () => {
      const world = new StanzaWorld()
      await world.start()
      const [one, other] = first === 'alice' ? [world.alice, world.bob] : [world.bob, world.alice]
      const dialled = one.connect(other)
      await world.clock.advance(delayMs)
      const back = other.connect(one)
      await world.clock.run(Promise.all([dialled, back]))
      assert.ok(one.send(other, 'there'))
      assert.ok(other.send(one, 'back'))
      await world.clock.advance(1000)
      assert.deepEqual([one.events, other.events], [['opened'], ['opened']])
      assert.deepEqual([one.received, other.received], [['back'], ['there']])
      assert.deepEqual([one.outcomesOf('acknowledged'), other.outcomesOf('acknowledged')], [['there'], ['back']])
      await world.stop()
    })
  }
}

test('a break in the middle of a burst is resumed: all arrive once, in order', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => world.clock.sleep(30)
  for (const id of IDS) {
    alice.send(bob, id)
    await world.clock.advance(3)
  }
  await world.breakStream()
  assert.ok(alice.send(bob, 'while detached'))
  await world.clock.run(bob.connect(alice))
  await world.breakStream()
  await world.clock.run(alice.connect(bob))
  await world.clock.advance(1000)
  assert.deepEqual(alice.events, ['opened', 'detached', 'resumed', 'detached', 'resumed'])
  assert.deepEqual(bob.received, [...IDS, 'while detached'])
  assert.deepEqual(alice.outcomesOf('acknowledged'), [...IDS, 'while detached'])
  await world.stop()
})

test('a session that is not resumed in time is closed and its stanzas are lost', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  world.memory.setOffline(bob.peerId, true)
  await world.clock.advance(0)
  assert.ok(alice.send(bob, 'm'))
  await world.clock.advance(29_000)
  assert.deepEqual(alice.outcomes, [])
  await world.clock.advance(1001)
  assert.deepEqual(alice.outcomesOf('lost'), ['m'])
  assert.deepEqual(alice.events, ['opened', 'detached', 'closed'])
  assert.equal(alice.session(bob), undefined)
  await world.stop()
})

test('a peer that restarted knows nothing: what was under way is lost, what comes then arrives', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => new Promise(() => {})
  alice.send(bob, 'before')
  await world.clock.advance(50)
  await bob.kill()
  bob.handle = async () => {}
  await bob.start()
  await world.clock.run(alice.connect(bob))
  assert.deepEqual(alice.outcomesOf('lost'), ['before'])
  alice.send(bob, 'after')
  await world.clock.advance(100)
  assert.deepEqual(alice.outcomesOf('acknowledged'), ['after'])
  assert.deepEqual(alice.events, ['opened', 'detached', 'opened'])
  await world.stop()
})

test('a handler that fails: the stream ends, the stanza comes again after the resumption', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  let disk = 'full'
  bob.handle = async (stanza) => {
    if (disk === 'full' && stanza.attribute('id') === 'm1') {
      throw new Error('the disk is full')
    }
  }
  for (const id of ['m0', 'm1', 'm2']) {
    alice.send(bob, id)
  }
  await world.clock.advance(100)
  assert.deepEqual(alice.outcomesOf('acknowledged'), ['m0'])
  assert.deepEqual(alice.events, ['opened', 'detached'])
  assert.equal(bob.logger.lines.find(({ level }) => level === 'error')?.event, 'stanza not handled')
  disk = 'free'
  await world.clock.run(alice.connect(bob))
  await world.clock.advance(100)
  assert.deepEqual(bob.received, ['m0', 'm1', 'm1', 'm2'])
  assert.deepEqual(alice.outcomesOf('acknowledged'), ['m0', 'm1', 'm2'])
  await world.stop()
})

test('closing waits for what is under way', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => world.clock.sleep(500)
  alice.send(bob, 'last')
  await world.clock.run(alice.session(bob)!.close())
  await world.clock.advance(100)
  assert.deepEqual(alice.outcomes, [{ id: 'last', outcome: 'acknowledged' }])
  assert.deepEqual(
    [alice.events, bob.events],
    [
      ['opened', 'closed'],
      ['opened', 'closed'],
    ],
  )
  await world.stop()
})

test('closing does not wait for ever: what the handler holds is lost', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => new Promise(() => {})
  alice.send(bob, 'last')
  const startMs = world.clock.monotonicMs()
  await world.clock.run(alice.protocol.stop())
  assert.ok(world.clock.monotonicMs() - startMs <= 4500)
  assert.deepEqual(alice.outcomes, [{ id: 'last', outcome: 'lost' }])
  assert.equal(alice.send(bob, 'too late'), false)
  await world.stop()
})

test('after a session was closed a new one can be opened', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  await world.clock.run(alice.session(bob)!.close())
  await world.clock.advance(100)
  await world.clock.run(bob.connect(alice))
  bob.send(alice, 'again')
  await world.clock.advance(100)
  assert.deepEqual(alice.received, ['again'])
  await world.stop()
})

test('a stopped protocol neither dials nor answers', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  await world.clock.run(alice.protocol.stop())
  await world.clock.advance(3000)
  await assert.rejects(alice.connect(bob), { failure: 'stopped' })
  await assert.rejects(world.clock.run(bob.connect(alice)))
  assert.deepEqual(alice.events, ['opened', 'closed'])
  await world.stop()
})

test('a new record is shown on the stream, an older one is ignored', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  const nowMs = world.clock.wallMs()
  const newer = { address: alice.address, record: recordOf(alice.key, [alice.peerId], nowMs, { sequence: 5 }) }
  const older = { address: alice.address, record: recordOf(alice.key, [alice.peerId], nowMs, { sequence: 4 }) }
  alice.protocol.announce(newer)
  await world.clock.advance(50)
  alice.protocol.announce(older)
  await world.clock.advance(50)
  assert.deepEqual(
    bob.changed.map(({ record }) => record.sequence),
    [5],
  )
  assert.deepEqual(
    bob.session(alice)?.accounts.map(({ record }) => record.sequence),
    [5],
  )
  await world.stop()
})

test('an account that is announced may send from then on', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  const second = world.newKey()
  const account = { address: second.address, record: recordOf(second, [alice.peerId], world.clock.wallMs()) }
  alice.accounts.push(account)
  alice.protocol.announce(account)
  alice.session(bob)!.send(message(second.address, bob.address, 'from the second'), () => {})
  await world.clock.advance(50)
  assert.deepEqual(bob.received, ['from the second'])
  await world.stop()
})

test('sixteen accounts with the largest records open a stream', async () => {
  const world = new StanzaWorld()
  const { alice, bob } = world
  const nowMs = world.clock.wallMs()
  const nodes = (peerId: string) => [
    { peerId, addresses: [], capabilities: [], updatedMs: nowMs, prekeys: Array(4).fill(new Uint8Array(1500)) },
    ...Array.from({ length: 4 }, () => ({
      peerId: world.newPeerId(),
      addresses: [],
      capabilities: [],
      updatedMs: nowMs,
      prekeys: Array(4).fill(new Uint8Array(1500)),
    })),
  ]
  for (let i = 0; i < 15; i++) {
    const key = world.newKey()
    const content = {
      sequence: 1,
      issuedMs: nowMs,
      expiresMs: nowMs + 1e6,
      nodes: nodes(alice.peerId),
      mailboxKeys: [],
    }
    alice.accounts.push({ address: key.address, record: signAccountRecord(key, content) })
  }
  assert.ok(alice.accounts.reduce((sum, { record }) => sum + record.length, 0) > 400_000)
  await world.start()
  await world.clock.run(alice.connect(bob))
  await world.clock.advance(200)
  assert.equal(bob.session(alice)?.accounts.length, 16)
  await world.stop()
})

test('a quiet stream stays up, each side answering the other', async () => {
  const world = await StanzaWorld.connected()
  await world.clock.advance(300_000)
  assert.deepEqual([world.alice.events, world.bob.events], [['opened'], ['opened']])
  await world.stop()
})

test('too much at once: send says so, and takes more when stanzas were acknowledged', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  let sent = 0
  while (alice.send(bob, `m${sent}`)) {
    sent += 1
  }
  assert.equal(sent, 1000)
  await world.clock.advance(5000)
  assert.equal(alice.outcomesOf('acknowledged').length, 1000)
  assert.ok(alice.send(bob, 'more'))
  await world.stop()
})

test('4 MiB of large stanzas arrive over a slow reader', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => world.clock.sleep(5)
  const filler = 'x'.repeat(100_000)
  let sent = 0
  while (alice.send(bob, `${filler}${sent}`)) {
    sent += 1
  }
  assert.ok(sent >= 9 && sent <= 21, `${sent}`)
  await world.clock.advance(20_000)
  assert.equal(bob.received.length, sent)
  assert.equal(alice.outcomesOf('acknowledged').length, sent)
  assert.deepEqual(alice.events, ['opened'])
  await world.stop()
})

test('a stanza that no frame can hold is refused with an error', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  assert.throws(() => alice.send(bob, 'x'.repeat(300_000)), { condition: 'policy-violation' })
  assert.throws(() => alice.send(bob, '\u0000'), { name: 'XmlError' })
  assert.ok(alice.send(bob, 'fine'))
  await world.stop()
})

test('reading pauses while 512 stanzas are not handled', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  const release: (() => void)[] = []
  bob.handle = () => new Promise((resolve) => release.push(resolve))
  for (let i = 0; i < 700; i++) {
    alice.send(bob, `m${i}`)
  }
  await world.clock.advance(1000)
  assert.equal(bob.received.length, 512)
  release.splice(0).forEach((done) => {
    done()
  })
  await world.clock.advance(1000)
  assert.equal(bob.received.length, 700)
  release.splice(0).forEach((done) => {
    done()
  })
  await world.clock.advance(1000)
  assert.equal(alice.outcomesOf('acknowledged').length, 700)
  await world.stop()
})

test('a peer that acknowledges nothing for 30 s loses its stream', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  bob.handle = () => new Promise(() => {})
  alice.send(bob, 'm')
  await world.clock.advance(31_000)
  assert.deepEqual(alice.events, ['opened', 'detached'])
  await world.stop()
})

test('reconnecting without end is refused', async () => {
  const world = await StanzaWorld.connected()
  const { alice, bob } = world
  let failure: unknown
  for (let i = 0; i < 20 && failure === undefined; i++) {
    await world.breakStream()
    await world.clock.run(alice.connect(bob)).catch((error: unknown) => {
      failure = error
    })
  }
  assert.ok(failure instanceof StreamError && failure.condition === 'policy-violation')
  assert.ok(bob.refused.includes('policy-violation'))
  await world.clock.advance(4000)
  await world.clock.run(alice.connect(bob))
  await world.stop()
})
