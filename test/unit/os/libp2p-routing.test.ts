import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peer, PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { ConnectionKeeper } from '../../../src/os/libp2p-connection-keeper.ts'
import type { KadInside } from '../../../src/os/libp2p-kad.ts'
import * as limits from '../../../src/os/libp2p-limits.ts'
import { RoutingCare } from '../../../src/os/libp2p-routing-care.ts'
import { ROUTING_CARE_INTERVAL_MS } from '../../../src/util/kad-limits.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const peers = Array.from({ length: 12 }, (_, index) => peerIdFromString(peerIdFromSeed(new Uint8Array(32).fill(index))))
const peer = (index: number): PeerId => peers[index]!

/** A kad-dht cut down to what the care touches. */
class FakeKad {
  readonly table = new Set<PeerId>()
  readonly answers = new Map<PeerId, string>()
  readonly discovered: PeerInfo[] = []
  readonly network: KadInside['network']
  readonly routingTable: KadInside['routingTable']
  readonly rpc = { handlers: {} }

  constructor() {
    const { table, answers, discovered } = this
    const target = new EventTarget()
    target.addEventListener('peer', (event) => discovered.push((event as CustomEvent<PeerInfo>).detail))
    this.network = Object.assign(target, {
      sendRequest: async function* (to: PeerId) {
        yield { name: answers.get(to) ?? 'PEER_RESPONSE' }
      },
    }) as unknown as KadInside['network']
    this.routingTable = {
      get size() {
        return table.size
      },
      kb: { toIterable: () => [...table].map((peerId) => ({ peerId, kadId: new Uint8Array(32) })) },
      remove: async (id) => {
        table.delete(id)
      },
      closestPeers: () => [...table],
      closestPeerTagger: { refreshInterval: 0 },
    }
  }
}

interface Care {
  clock: VirtualClock
  kad: FakeKad
  care: RoutingCare
  dead: Set<PeerId>
  pinged: PeerId[]
  doubted: PeerId[]
  stored: Peer[]
}

function careFor(connected: readonly PeerId[] = []): Care {
  const clock = new VirtualClock()
  const kad = new FakeKad()
  const dead = new Set<PeerId>()
  const pinged: PeerId[] = []
  const doubted: PeerId[] = []
  const stored: Peer[] = []
  const care = new RoutingCare({
    clock,
    kad,
    peerStore: {
      all: async () => [...stored],
      delete: async (id) => {
        stored.splice(
          stored.findIndex((entry) => entry.id === id),
          1,
        )
      },
    },
    isConnected: (id) => connected.includes(id),
    doubt: (id) => doubted.push(id),
    ping: async (id) => {
      pinged.push(id)
      if (dead.has(id)) {
        throw new Error('no answer')
      }
    },
  })
  return { clock, kad, care, dead, pinged, doubted, stored }
}

test('every minute unconnected entries are pinged and those that do not answer are removed', async () => {
  const { clock, kad, care, dead, pinged } = careFor([peer(0)])
  for (const id of [peer(0), peer(1), peer(2)]) {
    kad.table.add(id)
  }
  dead.add(peer(0)).add(peer(2))
  await clock.advance(ROUTING_CARE_INTERVAL_MS - 1)
  assert.deepEqual(pinged, [])
  await clock.advance(2)
  assert.deepEqual(new Set(pinged), new Set([peer(1), peer(2)]))
  assert.deepEqual([...kad.table], [peer(0), peer(1)])
  await clock.run(care.stop())
})

test('an entry that fails a request is removed, unless the lookup itself was called off', async () => {
  const { clock, kad, care } = careFor()
  kad.table.add(peer(1)).add(peer(2))
  kad.answers.set(peer(1), 'QUERY_ERROR').set(peer(2), 'QUERY_ERROR')
  const events = await all(kad.network.sendRequest(peer(1), {}, {}))
  assert.deepEqual(events, [{ name: 'QUERY_ERROR' }])
  await all(kad.network.sendRequest(peer(2), {}, { signal: AbortSignal.abort() }))
  assert.deepEqual([...kad.table], [peer(2)])
  await clock.run(care.stop())
})

test('a connected entry that fails a request stays, and its connection is looked at', async () => {
  const { clock, kad, care, doubted } = careFor([peer(1)])
  kad.table.add(peer(1))
  kad.answers.set(peer(1), 'QUERY_ERROR')
  await all(kad.network.sendRequest(peer(1), {}, {}))
  assert.deepEqual([...kad.table], [peer(1)])
  assert.deepEqual(doubted, [peer(1)])
  await clock.run(care.stop())
})

test('a peer heard of again within a minute is no news, and hearsay brings few addresses', async () => {
  const { clock, kad, care } = careFor()
  const addresses = Array.from({ length: 1_000 }, (_, port) => multiaddr(`/ip4/8.8.8.8/tcp/${port + 1}`))
  const hear = (id: PeerId): boolean =>
    kad.network.dispatchEvent(new CustomEvent('peer', { detail: { id, multiaddrs: addresses } }))
  hear(peer(1))
  hear(peer(1))
  hear(peer(2))
  assert.deepEqual(
    kad.discovered.map(({ id }) => id),
    [peer(1), peer(2)],
  )
  assert.equal(kad.discovered[0]!.multiaddrs.length, limits.MAX_ADDRESSES_PER_PEER)
  await clock.advance(limits.DISCOVERY_REPEAT_MS)
  hear(peer(1))
  assert.equal(kad.discovered.length, 3)
  await clock.run(care.stop())
})

test('of too many known peers those go first that never answered, connected ones stay', async () => {
  const { clock, care, stored } = careFor([peer(0)])
  const entry = (id: PeerId, answeredMs?: number): Peer => ({
    id,
    addresses: [],
    protocols: [],
    tags: new Map(),
    metadata: new Map(
      answeredMs === undefined ? [] : [['last-dial-success', new TextEncoder().encode(String(answeredMs))]],
    ),
  })
  stored.push(entry(peer(0)), entry(peer(1), 200), entry(peer(2)), entry(peer(3), 100))
  for (let i = stored.length; i <= limits.MAX_KNOWN_PEERS + 2; i++) {
    stored.push(entry({ toString: () => `filler ${i}` } as PeerId, 1_000))
  }
  await clock.run(care.forgetOldest())
  const left = new Set(stored.map(({ id }) => id))
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => left.has(peer(index))),
    [true, true, false, false],
  )
  await clock.run(care.stop())
})

interface Keeping {
  clock: VirtualClock
  keeper: ConnectionKeeper
  dialled: string[]
  connected: Set<string>
  reachable: Set<string>
}

function keep(bootstrap: readonly PeerId[], known: readonly PeerId[] = []): Keeping {
  const clock = new VirtualClock()
  const dialled: string[] = []
  const connected = new Set<string>()
  const reachable = new Set(known.map((id) => id.toString()))
  const keeper = new ConnectionKeeper({
    clock,
    random: new SeededRandom('keeper'),
    bootstrap: bootstrap.map((id) => ({
      peerId: id.toString(),
      address: multiaddr(`/ip4/8.8.8.8/tcp/1/p2p/${id.toString()}`),
    })),
    connectedPeers: () => [...connected],
    knownPeers: async () => [...known],
    dial: async (target) => {
      const id = nameOf(target)
      dialled.push(id)
      if (!reachable.has(id)) {
        throw new Error('not there')
      }
      connected.add(id)
    },
  })
  return { clock, keeper, dialled, connected, reachable }
}

function nameOf(target: PeerId | Multiaddr | Multiaddr[]): string {
  const address = Array.isArray(target) ? target[0] : target
  return address!.toString().replace(/^.*\/p2p\//, '')
}

test('bootstrap peers are dialled at once and again with growing waits until one is there', async () => {
  const { clock, keeper, dialled, connected, reachable } = keep([peer(1)])
  await clock.advance(0)
  assert.equal(dialled.length, 1)
  await clock.advance(600_000)
  const tries = dialled.length
  assert.ok(tries >= 15 && tries <= 30, `${tries} tries in ten minutes`)
  reachable.add(peer(1).toString())
  await clock.runUntil(() => connected.size === 1)
  const { length } = dialled
  await clock.advance(600_000)
  assert.equal(dialled.length, length)
  await clock.run(keeper.stop())
})

test('a few random known peers are tried with the bootstrap peers, and none when there are connections enough', async () => {
  const { clock, keeper, dialled, connected } = keep([peer(0)], peers.slice(1))
  await clock.advance(0)
  assert.equal(dialled.length, 1 + limits.MAX_KNOWN_PEERS_TRIED)
  assert.equal(connected.size, limits.MIN_CONNECTIONS)
  await clock.advance(600_000)
  assert.equal(dialled.length, 1 + limits.MAX_KNOWN_PEERS_TRIED)
  connected.delete([...connected][0]!)
  keeper.wake()
  await clock.advance(5_000)
  assert.ok(connected.size >= limits.MIN_CONNECTIONS)
  await clock.run(keeper.stop())
})

test('a peer of the LAN is dialled soon, once, and a flood of them is bounded', async () => {
  const { clock, keeper, dialled, reachable } = keep([])
  await clock.advance(10_000)
  const lan = { id: peer(3), multiaddrs: [multiaddr('/ip4/192.168.1.3/tcp/1')] }
  reachable.add(peer(3).toString())
  keeper.offer(lan)
  keeper.offer(lan)
  await clock.advance(5_000)
  assert.deepEqual(dialled, [peer(3).toString()])
  keeper.offer(lan)
  await clock.advance(60_000)
  assert.equal(dialled.length, 1)
  await clock.run(keeper.stop())
})

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) {
    items.push(item)
  }
  return items
}
