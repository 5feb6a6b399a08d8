import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as limits from '../../../src/os/libp2p-limits.ts'
import { cachePeers } from '../../../src/os/libp2p-peer-cache.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const id: PeerId = peerIdFromString(peerIdFromSeed(new Uint8Array(32).fill(1)))
const address = multiaddr('/ip4/8.8.8.8/tcp/1')

/** A peer store that counts what it is asked, and keeps a single peer. */
class FakePeerStore {
  reads = 0
  writes = 0
  peer: Peer = { id, addresses: [], protocols: [], metadata: new Map(), tags: new Map() }

  async get(): Promise<Peer> {
    this.reads += 1
    return this.peer
  }

  async merge(_id: PeerId, data: PeerData): Promise<Peer> {
    this.writes += 1
    const tags = new Map(this.peer.tags)
    for (const [name, tag] of Object.entries(data.tags ?? {})) {
      if (tag === undefined) {
        tags.delete(name)
      } else {
        tags.set(name, { value: tag.value ?? 0 })
      }
    }
    this.peer = {
      ...this.peer,
      protocols: [...new Set([...this.peer.protocols, ...(data.protocols ?? [])])],
      addresses: [
        ...this.peer.addresses,
        ...(data.multiaddrs ?? []).map((one) => ({ multiaddr: one, isCertified: false })),
      ],
      tags,
    }
    return this.peer
  }

  async patch(_id: PeerId, data: PeerData): Promise<Peer> {
    this.writes += 1
    this.peer = { ...this.peer, protocols: data.protocols ?? this.peer.protocols }
    return this.peer
  }

  async save(_id: PeerId, data: PeerData): Promise<Peer> {
    return await this.patch(_id, data)
  }

  async delete(): Promise<void> {
    this.writes += 1
    this.peer = { ...this.peer, protocols: [] }
  }
}

function cached(): { clock: VirtualClock; fake: FakePeerStore; store: PeerStore } {
  const [clock, fake] = [new VirtualClock(), new FakePeerStore()]
  const store = fake as unknown as PeerStore
  cachePeers(store, clock)
  return { clock, fake, store }
}

test('a peer is read once in five minutes, and again after every write', async () => {
  const { clock, fake, store } = cached()
  await store.get(id)
  await store.get(id)
  assert.equal(fake.reads, 1)
  await clock.advance(limits.PEER_CACHE_AGE_MS)
  await store.get(id)
  assert.equal(fake.reads, 2)
  await store.patch(id, { protocols: ['/a'] })
  assert.deepEqual((await store.get(id)).protocols, ['/a'])
  await store.delete(id)
  assert.deepEqual((await store.get(id)).protocols, [])
})

test('a merge that changes nothing is not written, but once an hour', async () => {
  const { clock, fake, store } = cached()
  const data: PeerData = { protocols: ['/a'], multiaddrs: [address], tags: { close: { value: 50 }, gone: undefined } }
  await store.merge(id, data)
  assert.deepEqual((await store.merge(id, data)).protocols, ['/a'])
  assert.equal(fake.writes, 1)
  for (const change of [
    { protocols: ['/b'] },
    { multiaddrs: [multiaddr('/ip4/8.8.4.4/tcp/1')] },
    { tags: { close: { value: 51 } } },
    { tags: { close: undefined } },
    { tags: { short: { value: 1, ttl: 1_000 } } },
    { metadata: { key: new Uint8Array(1) } },
  ] satisfies PeerData[]) {
    const { writes } = fake
    await store.merge(id, change)
    assert.equal(fake.writes, writes + 1, JSON.stringify(change))
  }
  const { writes } = fake
  await clock.advance(limits.PEER_REFRESH_INTERVAL_MS)
  await store.get(id)
  await store.merge(id, { protocols: ['/a'] })
  assert.equal(fake.writes, writes + 1)
})

test('what was read while a write was under way is not kept', async () => {
  const { fake, store } = cached()
  const writing = store.merge(id, { protocols: ['/a'] })
  await store.get(id)
  await writing
  assert.deepEqual((await store.get(id)).protocols, ['/a'])
  assert.equal(fake.reads, 1)
})

test('whoever changes the peer he got changes nobody else’s', async () => {
  const { store } = cached()
  const peer = await store.get(id)
  peer.protocols.push('/mine')
  peer.tags.set('mine', { value: 1 })
  const again = await store.get(id)
  assert.deepEqual([again.protocols, again.tags.size], [[], 0])
})
