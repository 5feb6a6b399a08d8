import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import type { NetworkEvent, NetworkStream } from '../../../src/system/network.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { bootstrapAddress, loopbackNetwork, when } from '../../support/libp2p-world.ts'

const ECHO = '/test/echo/1.0.0'
const LIMITS = { maxInboundStreamsPerPeer: 4, maxOutboundStreamsPerPeer: 4 }
const never = new AbortController().signal

async function echo(stream: NetworkStream): Promise<void> {
  await stream.sink(stream.source)
}

test('a node joins through its bootstrap peer, and finds it again without one after a restart', async () => {
  const datastore = new MemoryDatastore()
  const seed = new Uint8Array(32).fill(7)
  const old = loopbackNetwork()
  await old.start()

  const first = loopbackNetwork({ privateKeySeed: seed, bootstrap: [bootstrapAddress(old)] }, { datastore })
  await first.start()
  await when(first, () => first.connectedPeers().includes(old.peerId))
  while ((await first.closestPeers(new Uint8Array(1), 1, AbortSignal.timeout(10_000))).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await first.stop()

  const second = loopbackNetwork({ privateKeySeed: seed }, { datastore })
  await second.start()
  assert.equal(second.peerId, first.peerId)
  await when(second, () => second.connectedPeers().includes(old.peerId))
  await Promise.all([second.stop(), old.stop()])
})

test('a node keeps trying until its bootstrap peer is there', async () => {
  const seed = new Uint8Array(32).fill(9)
  const early = loopbackNetwork({ privateKeySeed: seed })
  await early.start()
  const bootstrap = bootstrapAddress(early)
  const port = early.addresses()[0]!
  await early.stop()

  const node = loopbackNetwork({ bootstrap: [bootstrap] })
  await node.start()
  const late = loopbackNetwork({ privateKeySeed: seed, listen: [port] })
  await late.start()
  await when(node, () => node.connectedPeers().includes(late.peerId))
  await Promise.all([node.stop(), late.stop()])
})

test('a peer that proves another PeerId than the dialled one is refused', async () => {
  const [alice, bob, carol] = [loopbackNetwork(), loopbackNetwork(), loopbackNetwork()]
  bob.handle(ECHO, echo, LIMITS)
  await Promise.all([alice.start(), bob.start()])
  await assert.rejects(alice.dial({ peerId: carol.peerId, addresses: bob.addresses() }, ECHO, never), {
    failure: 'unreachable',
  })
  await Promise.all([alice.stop(), bob.stop(), carol.stop()])
})

for (const type of ['secp256k1', 'RSA'] as const) {
  test(`a peer with a ${type} key can neither dial nor be dialled`, async () => {
    const alice = loopbackNetwork()
    await alice.start()
    const events: NetworkEvent[] = []
    alice.subscribe((event) => events.push(event))
    const stranger = await HostilePeer.create(await generateKeyPair(type as 'RSA'))
    // Noise lets the dialler finish first; it sees the refusal as the end of its connection.
    await stranger.connect(alice).then(
      ({ closed }) => closed,
      () => {},
    )
    const addresses = stranger.libp2p.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*/, ''))
    await assert.rejects(alice.dial({ peerId: stranger.libp2p.peerId.toString(), addresses }, ECHO, never))
    assert.deepEqual(alice.connectedPeers(), [])
    assert.ok(!events.some((event) => event.type === 'peer-connected'))
    await Promise.all([alice.stop(), stranger.stop()])
  })
}

test('hints that are no multiaddrs, and PeerIds that are none, fail the dial and nothing else', async () => {
  const alice = loopbackNetwork()
  await alice.start()
  const bob = loopbackNetwork()
  await assert.rejects(alice.dial({ peerId: bob.peerId, addresses: ['nonsense', '/ip4/999.0.0.1'] }, ECHO, never), {
    failure: 'no-addresses',
  })
  await assert.rejects(alice.dial({ peerId: 'bob', addresses: [] }, ECHO, never), { failure: 'unreachable' })
  await assert.rejects(alice.dial({ peerId: alice.peerId, addresses: alice.addresses() }, ECHO, never), {
    failure: 'unreachable',
  })
  await Promise.all([alice.stop(), bob.stop()])
})

test('without hints a peer is found through the DHT', async () => {
  const hub = loopbackNetwork()
  await hub.start()
  const bootstrap = [bootstrapAddress(hub)]
  const [alice, bob] = [loopbackNetwork({ bootstrap }), loopbackNetwork({ bootstrap })]
  bob.handle(ECHO, echo, LIMITS)
  await Promise.all([alice.start(), bob.start()])
  const signal = AbortSignal.timeout(15_000)
  while ((await alice.closestPeers(new Uint8Array(1), 20, signal)).length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const stream = await alice.dial({ peerId: bob.peerId, addresses: [] }, ECHO, signal)
  await stream.close()
  await Promise.all([alice.stop(), bob.stop(), hub.stop()])
})

test('a bootstrap peer without a PeerId is a mistake of the caller', () => {
  assert.throws(() => loopbackNetwork({ bootstrap: ['/ip4/127.0.0.1/tcp/1'] }), { name: 'AssertionError' })
})

test('a node that cannot listen fails to start, and stops cleanly', async () => {
  const first = loopbackNetwork()
  await first.start()
  const second = loopbackNetwork({ listen: [first.addresses()[0]!] })
  await assert.rejects(second.start())
  await Promise.all([first.stop(), second.stop()])
})

test('a node that announces a public address says so, others do not know', () => {
  assert.equal(loopbackNetwork().reachability(), 'unknown')
  assert.equal(loopbackNetwork({ announce: ['/ip4/192.168.1.2/tcp/4001'] }).reachability(), 'unknown')
  assert.equal(loopbackNetwork({ announce: ['/ip4/8.8.8.8/tcp/4001'] }).reachability(), 'public')
})
