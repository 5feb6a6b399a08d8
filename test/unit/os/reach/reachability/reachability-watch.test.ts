import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, SimulatedNetworks, simulatedBootstrap } from '../../../../support/simulated-networks.ts'

test('a node with a public address finds out that it is one, tells the address and dials others in its turn', async (t) => {
  const world = new SimulatedNetworks()
  t.after(() => world.stop())
  const relay = world.create('relay', undefined, { reach: { serveOthers: 'on' } })
  await relay.network.start()
  const bob = world.create('bob', undefined, { bootstrap: [simulatedBootstrap(relay)] })
  await bob.network.start()
  assert.deepEqual([bob.network.reachability(), bob.network.addresses()], ['unknown', []])
  await eventually(bob.network, () => bob.network.reachability() === 'public', 'reachability-changed')
  await eventually(bob.network, () => bob.network.addresses().length > 0, 'addresses-changed')
  assert.deepEqual(bob.network.addresses(), [`/ip4/${bob.host.addresses[0]}/tcp/4001`])
  const carol = world.create('carol', undefined, { bootstrap: [simulatedBootstrap(bob)] })
  await carol.network.start()
  await eventually(carol.network, () => carol.network.reachability() === 'public', 'reachability-changed')
})

test('the first node of a network is public as soon as a stranger has dialled it', async (t) => {
  const world = new SimulatedNetworks()
  t.after(() => world.stop())
  const first = world.create('first')
  await first.network.start()
  const bob = world.create('bob', 'home', { bootstrap: [simulatedBootstrap(first)] })
  await bob.network.start()
  await eventually(first.network, () => first.network.reachability() === 'public', 'reachability-changed')
})

test('a node behind a NAT is private: a client of the DHT, of whom routing tables keep nothing; its NAT is seen', async (t) => {
  const world = new SimulatedNetworks()
  t.after(() => world.stop())
  const relay = world.create('relay', undefined, { reach: { serveOthers: 'on' } })
  await relay.network.start()
  const bob = world.create('bob', 'home', { bootstrap: [simulatedBootstrap(relay)] })
  await bob.network.start()
  await eventually(bob.network, () => bob.network.reachability() === 'private', 'reachability-changed')
  const { observed } = bob.network.reach()
  assert.equal(observed.length, 1)
  assert.equal(observed[0]?.observers, 1)
  const signal = AbortSignal.timeout(10_000)
  while ((await relay.network.closestPeers(new Uint8Array(32), 20, signal)).length > 0) {
    await world.clock.sleep(20, signal)
  }
})

test('where nobody has a public address nothing is known, and all is as in a LAN', async (t) => {
  const world = new SimulatedNetworks()
  t.after(() => world.stop())
  const [alice, bob] = ['alice', 'bob'].map((name) => world.create(name, 'office'))
  await Promise.all([alice!.network.start(), bob!.network.start()])
  const signal = AbortSignal.timeout(10_000)
  const { peerId } = alice!.network
  await (await bob!.network.dial({ peerId, addresses: alice!.network.addresses() }, '/ipfs/ping/1.0.0', signal)).close()
  while ((await bob!.network.closestPeers(new Uint8Array(32), 20, signal)).length === 0) {
    await world.clock.sleep(20, signal)
  }
  assert.deepEqual([alice!.network.reachability(), bob!.network.reachability()], ['unknown', 'unknown'])
  assert.deepEqual(bob!.network.reach().observed, [])
})
