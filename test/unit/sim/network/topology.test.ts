import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { natChain } from '../../../../sim/nat/presets.ts'
import { dial, listen, world } from '../../../support/simulated-world.ts'

test('hosts in the open have public addresses of their own in many networks, hosts behind boxes private ones', () => {
  const { network } = world()
  const isPublic = (address: string): boolean => !isPrivate(multiaddr(`/ip4/${address}/tcp/1`))
  const open = Array.from({ length: 500 }, (_, index) => network.addHost(`host ${index}`).addresses[0]!)
  assert.equal(new Set(open).size, 500)
  assert.ok(open.every(isPublic))
  assert.ok(new Set(open.map((address) => address.split('.').slice(0, 2).join('.'))).size > 400)
  for (const chain of ['home', 'office', 'cgn-cellular', 'home+cgn-fixed']) {
    const [address] = network.addHost(chain, natChain(chain)).addresses
    assert.equal(isPublic(address!) && !address!.startsWith('100.64.'), false, address)
  }
})

test('subscribers share a carrier box and its address, homes do not', () => {
  const addressesSeen = (chain: string): number => {
    const { loop, network } = world()
    const server = network.addHost('server')
    const seen = new Set<string>()
    server.listen(server.addresses[0]!, 1, (socket) => seen.add(socket.remote.address))
    for (let index = 0; index < 70; index++) {
      dial(network.addHost(`host ${index}`, natChain(chain)), server.addresses[0]!, 1)
    }
    loop.advance(1_000)
    return seen.size
  }
  assert.equal(addressesSeen('home'), 70)
  assert.equal(addressesSeen('home+cgn-fixed'), 2)
  assert.equal(addressesSeen('cgn-cellular'), 2)
})

test('boxes nest: a port opened at home is shut at the carrier', () => {
  const { loop, network } = world()
  const [alice, server] = [network.addHost('alice', natChain('upnp+cgn-fixed')), network.addHost('server')]
  listen(alice, 4001)
  const door = alice.mapPort('tcp', 4001, 1e9)!
  assert.ok(door.address.startsWith('100.64.'), door.address)
  const lost = dial(server, door.address, door.port)
  const home = network.addHost('bob', natChain('upnp'))
  listen(home, 4001)
  const open = home.mapPort('tcp', 4001, 1e9)!
  const found = dial(server, open.address, open.port)
  loop.advance(1_000)
  assert.deepEqual([lost.log, found.log], [[], ['connect']])
})

test('IPv6 has addresses for everybody and a filter that lets in answers only', () => {
  const { loop, network } = world()
  const home = network.addHost('home', natChain('home'), { ip6: true })
  const server = network.addHost('server', [], { ip6: true })
  server.listen(server.addresses[1]!, 1, (socket) => assert.equal(socket.remote.address, home.addresses[1]))
  home.listen(home.addresses[1]!, 1, () => assert.fail('the filter is open'))
  const out = dial(home, server.addresses[1]!, 1)
  const into = dial(server, home.addresses[1]!, 1)
  loop.advance(100_000)
  assert.deepEqual([out.log, into.log], [['connect'], []])
})

test('the latency of a pair is the same in both directions and in every run with the seed', () => {
  const draw = (seed: number): number[] => {
    const { network } = world({ latency: { law: 'lognormal', medianMs: 50, sigma: 0.5 } }, seed)
    return Array.from({ length: 400 }, (_, index) => network.links.latencyMs(index, 1_000 - index))
  }
  const latencies = draw(1)
  assert.deepEqual(latencies, draw(1))
  assert.notDeepEqual(latencies, draw(2))
  const median = latencies.toSorted((a, b) => a - b)[200]!
  assert.ok(median > 44 && median < 57, `median ${median}`)
  const { network } = world({ latency: { law: 'exponential', meanMs: 50 } })
  assert.equal(network.links.latencyMs(3, 9), network.links.latencyMs(9, 3))
})

test('a degraded network is slower and loses packets until it is well again', () => {
  const { loop, network } = world()
  const [alice, bob] = [network.addHost('alice'), network.addHost('bob')]
  let arrived = 0
  bob.bind(1, () => {
    arrived += 1
  })
  const send = (): number => {
    arrived = 0
    for (let index = 0; index < 1_000; index++) {
      alice.sendDatagram(1, { address: bob.addresses[0]!, port: 1 }, new Uint8Array(1))
    }
    loop.advance(99)
    return arrived
  }
  network.links.degrade(2, 0.5)
  assert.equal(send(), 0)
  loop.advance(1)
  assert.ok(arrived > 400 && arrived < 600, `${arrived}`)
  network.links.degrade(1, 0)
  assert.equal(send(), 1_000)
})
