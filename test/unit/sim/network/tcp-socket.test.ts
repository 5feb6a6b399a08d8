import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { natChain } from '../../../../sim/nat/presets.ts'
import { dial, listen, world } from '../../../support/simulated-world.ts'

test('a connection opens after one round trip and carries bytes in order both ways', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const server = listen(bob, 4001)
  const client = dial(alice, bob.addresses[0]!, 4001)
  loop.advance(99)
  assert.deepEqual(client.log, [])
  loop.advance(1)
  assert.deepEqual(client.log, ['connect'])
  client.socket!.write(Uint8Array.of(1, 2, 3))
  loop.advance(50)
  assert.deepEqual(server.log, ['accept'])
  server.socket!.write(Uint8Array.of(4))
  server.socket!.write(Uint8Array.of(5))
  loop.advance(50)
  assert.deepEqual(server.chunks, [Uint8Array.of(1, 2, 3)])
  assert.deepEqual(client.chunks, [Uint8Array.of(4), Uint8Array.of(5)])
})

test('writes of one moment share a packet', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  const before = bob.counters.bytesReceived
  for (let i = 0; i < 10; i++) {
    client.socket!.write(new Uint8Array(100))
  }
  loop.advance(200)
  assert.equal(bob.counters.bytesReceived - before, 10 * 100 + 52)
})

test('a port where nobody listens refuses, an address that nobody has times out after 127 s', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const refused = dial(alice, bob.addresses[0]!, 9)
  const lost = dial(alice, '8.8.8.8', 9)
  loop.advance(100)
  assert.deepEqual(refused.log, ['ECONNREFUSED'])
  loop.advance(126_899)
  assert.deepEqual(lost.log, [])
  loop.advance(1)
  assert.deepEqual(lost.log, ['ETIMEDOUT'])
  assert.deepEqual(
    { dials: alice.counters.dials, failed: alice.counters.dialsFailed, left: alice.connections },
    { dials: 2, failed: 2, left: 0 },
  )
})

test('a lost SYN is repeated after 1, 2 and 4 s', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  listen(bob, 1)
  network.partition((host) => host === alice)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(3_500)
  network.heal()
  loop.advance(7_000 + 99 - 3_500)
  assert.deepEqual(client.log, [])
  loop.advance(1)
  assert.deepEqual(client.log, ['connect'])
})

test('a half-open connection is given up after 63 s and its place is free again', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  listen(bob, 1)
  dial(alice, bob.addresses[0]!, 1)
  loop.advance(40)
  alice.crash('power')
  loop.advance(20)
  assert.equal(bob.connections, 1)
  loop.advance(62_989)
  assert.equal(bob.connections, 1)
  loop.advance(1)
  assert.equal(bob.connections, 0)
})

test('a dead process resets its connections, a dead machine leaves the other side waiting', () => {
  for (const [how, code] of [
    ['process', 'ECONNRESET'],
    ['power', undefined],
  ] as const) {
    const { loop, network } = world()
    const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
    listen(bob, 1)
    const client = dial(alice, bob.addresses[0]!, 1)
    loop.advance(200)
    bob.crash(how)
    loop.advance(1_000)
    assert.equal(client.log[1], code, how)
    client.socket!.write(new Uint8Array(1))
    loop.advance(2_000_000)
    assert.equal(client.log[1], code ?? 'ETIMEDOUT', how)
  }
})

test('a machine that came back resets what it does not know', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  bob.crash('power')
  loop.advance(1_000)
  bob.restart()
  client.socket!.write(new Uint8Array(1))
  loop.advance(1_000)
  assert.deepEqual(client.log, ['connect', 'ECONNRESET'])
})

test('closing delivers everything first', () => {
  const { loop, network } = world({ bytesPerSecond: 100_000 })
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  client.socket!.write(new Uint8Array(1_000_000))
  let flushed = false
  client.socket!.close(() => {
    flushed = true
  })
  assert.equal(flushed, false)
  loop.advance(60_000)
  assert.equal(flushed, true)
  assert.equal(server.bytes, 1_000_000)
  assert.deepEqual(server.log, ['accept', 'end'])
  assert.deepEqual([alice.connections, bob.connections], [0, 0])
})

test('a reader that pauses stalls the writer at the window, and resuming drains it', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  server.socket!.pause()
  let sent = 0
  while (client.socket!.write(new Uint8Array(16_384))) {
    sent += 16_384
    assert.ok(sent < 1_000_000)
  }
  loop.advance(10_000)
  assert.equal(server.bytes, 0)
  assert.deepEqual(client.log, ['connect'])
  server.socket!.resume()
  loop.advance(10_000)
  assert.equal(server.bytes, sent + 16_384)
  assert.deepEqual(client.log, ['connect', 'drain'])
})

test('bandwidth and the window bound what a stream carries', () => {
  const { loop, network } = world({ bytesPerSecond: 1_000_000 })
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  client.socket!.write(new Uint8Array(2_000_000))
  loop.advance(1_050)
  assert.ok(server.bytes > 750_000 && server.bytes <= 1_000_000, `${server.bytes} bytes in a second at 1 MB/s`)
  const far = world({ latency: { law: 'constant', ms: 500 } })
  const [carol, dave] = [far.network.addHost('carol'), far.network.addHost('dave')]
  const remote = listen(dave, 1)
  const sender = dial(carol, dave.addresses[0]!, 1)
  far.loop.advance(2_000)
  sender.socket!.write(new Uint8Array(10_000_000))
  far.loop.advance(4_600)
  assert.equal(remote.bytes, 5 * 262_144)
})

test('two that dial each other from known ports meet in a simultaneous open, behind boxes too', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice', natChain('home')), network.addHost('bob', natChain('port-restricted'))]
  const relay = network.addHost('relay')
  const seen: string[] = []
  relay.listen(relay.addresses[0]!, 1, (socket) => seen.push(socket.remote.address))
  dial(alice, relay.addresses[0]!, 1, 5001)
  loop.advance(500)
  dial(bob, relay.addresses[0]!, 1, 5002)
  loop.advance(500)
  const a = dial(alice, seen[1]!, 5002, 5001)
  const b = dial(bob, seen[0]!, 5001, 5002)
  loop.advance(500)
  assert.deepEqual([a.log, b.log], [['connect'], ['connect']])
  assert.deepEqual([a.socket!.isSimultaneous, b.socket!.isSimultaneous], [true, true])
  a.socket!.write(Uint8Array.of(7))
  loop.advance(100)
  assert.equal(b.bytes, 1)
  assert.deepEqual(network.natMatrix(), [
    { from: 'home', to: 'open', direct: 1, punched: 0, relayed: 0, failed: 0 },
    { from: 'home', to: 'port-restricted', direct: 0, punched: 1, relayed: 0, failed: 0 },
    { from: 'port-restricted', to: 'home', direct: 0, punched: 1, relayed: 0, failed: 0 },
    { from: 'port-restricted', to: 'open', direct: 1, punched: 0, relayed: 0, failed: 0 },
  ])
})

test('a partition stops a stream, healing it brings every byte once', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  network.partition((host) => host === bob)
  for (let second = 0; second < 60; second++) {
    client.socket!.write(Uint8Array.of(second))
    loop.advance(1_000)
  }
  assert.equal(server.bytes, 0)
  network.heal()
  loop.advance(120_000)
  assert.deepEqual(
    server.chunks.flatMap((chunk) => [...chunk]),
    Array.from({ length: 60 }, (_, second) => second),
  )
})

test('a mapping that expired under an idle connection breaks it at the next byte', () => {
  const { loop, network } = world()
  const box = natChain('port-restricted')![0]!
  const chain = [{ ...box, behaviour: { ...box.behaviour, tcpIdleMs: 60_000 } }]
  const [alice, bob] = [network.addHost('alice', chain), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(59_000)
  server.socket!.write(Uint8Array.of(1))
  loop.advance(1_000)
  assert.equal(client.bytes, 1)
  loop.advance(70_000)
  server.socket!.write(Uint8Array.of(2))
  loop.advance(2_000_000)
  assert.equal(client.bytes, 1)
  assert.deepEqual(server.log, ['accept', 'ETIMEDOUT'])
})

test('whatever is lost, delayed or cut arrives once and in order, and the same seed sends the same packets', () => {
  const property = fc.property(
    fc.record({
      seed: fc.nat(1e6),
      loss: fc.double({ min: 0, max: 0.2, noNaN: true }),
      jitterMs: fc.nat(100),
      writes: fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 }),
      cutMs: fc.nat(5_000),
      chains: fc.tuple(
        fc.constantFrom('open', 'home', 'home+cgn-cellular', 'symmetric'),
        fc.constantFrom('open', 'upnp'),
      ),
    }),
    (play) => assert.equal(lossyStream(play), lossyStream(play)),
  )
  fc.assert(property, { numRuns: 40 })
})

function lossyStream(play: {
  seed: number
  loss: number
  jitterMs: number
  writes: number[]
  cutMs: number
  chains: [string, string]
}): string {
  const { loop, network } = world({ loss: play.loss, jitterMs: play.jitterMs, bytesPerSecond: 1e6 }, play.seed)
  const alice = network.addHost('alice', natChain(play.chains[0]))
  const bob = network.addHost('bob', natChain(play.chains[1]))
  const server = listen(bob, 4001)
  const door = bob.mapPort('tcp', 4001, 7_200_000) ?? { address: bob.addresses[0]!, port: 4001 }
  const client = dial(alice, door.address, door.port)
  loop.advance(127_000)
  assert.deepEqual(client.log, ['connect'])
  let next = 0
  for (const [index, bytes] of play.writes.entries()) {
    client.socket!.write(Uint8Array.from({ length: bytes }, () => next++ % 251))
    loop.advance(100)
    if (index === 3) {
      network.partition((host) => host === bob)
      loop.advance(play.cutMs)
      network.heal()
    }
  }
  loop.advance(600_000)
  const received = Buffer.concat(server.chunks)
  assert.equal(received.length, next)
  assert.ok(received.every((byte, index) => byte === index % 251))
  return `${network.hash} ${network.packets}`
}

test('a cut network hides boxes too: nobody is refused by the other half', () => {
  const { loop, network } = world()
  const alice = network.addHost('alice')
  const bob = network.addHost('bob', natChain('office'))
  const server = listen(alice, 1)
  dial(bob, alice.addresses[0]!, 1)
  loop.advance(1_000)
  const outside = server.socket!.remote.address
  assert.notEqual(outside, bob.addresses[0], 'the address of the office')
  network.partition((host) => host === bob)
  const cut = dial(alice, outside, 9)
  loop.advance(10_000)
  assert.deepEqual(cut.log, [])
  network.heal()
  loop.advance(10_000)
  assert.deepEqual(cut.log, ['ECONNREFUSED'])
})

test('two that close at the same moment both end, and nothing is left of them', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice', natChain('home')), network.addHost('bob')]
  const server = listen(bob, 1)
  const client = dial(alice, bob.addresses[0]!, 1)
  loop.advance(200)
  let closed = 0
  for (const { socket } of [server, client]) {
    socket!.close(() => {
      closed += 1
    })
  }
  loop.advance(1_000)
  assert.equal(closed, 2)
  assert.deepEqual([alice.connections, bob.connections], [0, 0])
})
