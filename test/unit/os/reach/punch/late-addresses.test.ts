import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Connection, Peer, PeerId, PeerUpdate } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { LateAddresses } from '../../../../../src/os/reach/punch/late-addresses.ts'

const PEER = '12D3KooWSTDqCyiXvtQUT6GMD4hsaMZMx6c8KAFRbbQzPg3EopfD'
const RELAYED = `/ip4/45.11.0.10/tcp/4001/p2p/${PEER}/p2p-circuit/p2p/${PEER}`
const PUBLIC = '/ip4/45.12.0.10/tcp/4001'

function peer(...addresses: readonly string[]): Peer {
  const listed = addresses.map((address) => ({ multiaddr: multiaddr(address), isCertified: true }))
  return { id: peerIdFromString(PEER), addresses: listed } as unknown as Peer
}

function connection(remoteAddr: string): Connection {
  return { status: 'open', remoteAddr: multiaddr(remoteAddr) } as unknown as Connection
}

/** Tells the updates one after the other and gives who was dialled and how many relayed connections were left. */
async function play(open: readonly string[], ...updates: readonly PeerUpdate[]): Promise<[PeerId[], number]> {
  const dialled: PeerId[] = []
  let retired = 0
  const late = new LateAddresses({
    getConnections: () => open.map(connection),
    dialDirectly: async (peerId) => {
      dialled.push(peerId)
      return true
    },
    onDirect: () => {
      retired += 1
    },
  })
  for (const update of updates) {
    late.learned(update)
  }
  await late.stop()
  late.learned({ peer: peer(PUBLIC) })
  return [dialled, retired]
}

describe('addresses that a peer tells late', () => {
  it('are dialled once when only relayed connections lead to the peer', async () => {
    const update = { peer: peer('/ip4/192.168.1.2/tcp/4001', PUBLIC), previous: peer('/ip4/192.168.1.2/tcp/4001') }
    const [dialled, retired] = await play([RELAYED, RELAYED], update, update)
    assert.equal(dialled.length, 1)
    assert.equal(retired, 2)
  })

  it('are left alone when they are known, private or relayed, or there is a direct connection or none', async () => {
    const known = { peer: peer(PUBLIC), previous: peer(PUBLIC) }
    const useless = { peer: peer('/ip4/192.168.1.9/tcp/4001', RELAYED), previous: peer() }
    assert.deepEqual(await play([RELAYED], known, useless), [[], 0])
    const late = { peer: peer(PUBLIC), previous: peer() }
    assert.deepEqual(await play([], late), [[], 0])
    assert.deepEqual(await play([RELAYED, PUBLIC], late), [[], 0])
  })

  it('are dialled too when they were known before and the peer, which does not punch, calls through a relay', async () => {
    const dialled: PeerId[] = []
    const late = new LateAddresses({
      getConnections: () => [connection(RELAYED)],
      dialDirectly: async (peerId) => dialled.push(peerId) > 0,
      onDirect: () => {},
    })
    late.called(peerIdFromString(PEER))
    late.called(peerIdFromString(PEER))
    await late.stop()
    assert.deepEqual(dialled.map(String), [PEER])
  })
})
