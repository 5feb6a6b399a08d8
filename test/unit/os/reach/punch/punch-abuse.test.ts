import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { lpStream, streamPair } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { AddressPolicy } from '../../../../../src/os/libp2p-address-policy.ts'
import { encodeHolePunch } from '../../../../../src/os/reach/punch/hole-punch-message.ts'
import { isPunchable } from '../../../../../src/os/reach/punch/punch-addresses.ts'
import { PunchBudget } from '../../../../../src/os/reach/punch/punch-budget.ts'
import {
  MAX_CONVERSATIONS_PER_PEER,
  MAX_DCUTR_MESSAGE_BYTES,
  MAX_PUNCHES_AT_ONCE,
} from '../../../../../src/os/reach/punch/punch-limits.ts'
import { PunchTries } from '../../../../../src/os/reach/punch/punch-tries.ts'
import { Puncher } from '../../../../../src/os/reach/punch/puncher.ts'
import { peerIdFromSeed } from '../../../../support/peer-ids.ts'
import { RecordingLogger } from '../../../../support/recording-logger.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

const RELAYED = multiaddr('/ip4/7.7.7.7/tcp/4001/p2p-circuit')
const VICTIM = multiaddr('/ip4/8.8.8.8/tcp/443')
const OWN = { family: 'ip4', localPort: 50_000, address: multiaddr('/ip4/9.9.9.9/tcp/50000'), relay: 'r' } as const
const CONNECT_VICTIM = encodeHolePunch('CONNECT', [VICTIM])
const SYNC = encodeHolePunch('SYNC')

/** A node with a public address that has called peers through a relay; `dials` is what these make it dial. */
class CallingNode {
  readonly clock = new VirtualClock()
  readonly dials: string[] = []
  readonly counters = { tried: 0, succeeded: 0, refused: 0 }
  readonly #tries: PunchTries

  constructor({ hasDirect = false }: { hasDirect?: boolean } = {}) {
    const { clock, counters } = this
    const budget = new PunchBudget(clock)
    const policy = new AddressPolicy(clock, () => [OWN.address])
    const puncher = new Puncher({
      clock,
      budget,
      counters,
      mappings: async () => [OWN],
      spoil: () => {},
      mayDial: async (address: Multiaddr) => isPunchable(address) && policy.allows(address),
      dial: async (address) => {
        this.dials.push(address.decapsulateCode(421).toString())
        throw new Error('nobody is there')
      },
    })
    this.#tries = new PunchTries({
      clock,
      puncher,
      budget,
      counters,
      logger: new RecordingLogger(),
      ownPeerId: peerIdFromSeed(new Uint8Array(32).fill(99)),
      dialDirectly: async () => false,
      hasDirect: () => hasDirect,
      onDirect: () => {},
      onIdle: () => {},
    })
  }

  /** Lets peer number `seed` send these messages on one stream, each as soon as the one before is answered; gives how the stream ended. */
  async receive(
    messages: readonly Uint8Array[],
    { seed = 1, remoteAddr = RELAYED, direction = 'outbound' }: Partial<StrangerInit> = {},
  ): Promise<'reset' | 'closed'> {
    const [theirs, ours] = await streamPair({ protocol: '/libp2p/dcutr' })
    const remotePeer = peerIdFromString(peerIdFromSeed(new Uint8Array(32).fill(seed)))
    const ended = endOf(theirs)
    this.#tries.serve(ours, { remotePeer, remoteAddr, direction, status: 'open' } as Connection)
    const channel = lpStream(theirs)
    for (const message of messages) {
      await channel.write(message).catch(() => {})
      await Promise.race([channel.read().catch(() => {}), ended])
    }
    return await ended
  }
}

interface StrangerInit {
  readonly seed: number
  readonly remoteAddr: Multiaddr
  readonly direction: 'inbound' | 'outbound'
}

function endOf(stream: Stream): Promise<'reset' | 'closed'> {
  return new Promise((resolve) => {
    stream.addEventListener('close', ({ error }) => resolve(error === undefined ? 'closed' : 'reset'), { once: true })
  })
}

test('the whole conversation leads to one dial, whatever the number of addresses named', async () => {
  const node = new CallingNode()
  const named = [1, 2, 3, 4].map((port) => multiaddr(`/ip4/8.8.8.8/tcp/${port}`))
  await node.receive([encodeHolePunch('CONNECT', named), SYNC])
  assert.deepEqual(node.dials, ['/ip4/8.8.8.8/tcp/1'])
  assert.deepEqual(node.counters, { tried: 1, succeeded: 0, refused: 0 })
})

test('messages out of order, repeated, malformed or oversized end the stream without a dial', async () => {
  const tooLong = new Uint8Array(MAX_DCUTR_MESSAGE_BYTES + 1)
  const tenThousand = encodeLengthy(400)
  const conversations: Record<string, Uint8Array[]> = {
    'SYNC first': [SYNC],
    'CONNECT twice': [CONNECT_VICTIM, CONNECT_VICTIM],
    'no protobuf': [Uint8Array.of(0xff, 0xff, 0xff)],
    empty: [Uint8Array.of()],
    'longer than 4 KiB': [tooLong],
    'hundreds of addresses': [tenThousand],
  }
  for (const [name, messages] of Object.entries(conversations)) {
    const node = new CallingNode()
    assert.equal(await node.receive(messages), 'reset', name)
    assert.deepEqual(node.dials, [], name)
    assert.deepEqual(node.counters, { tried: 0, succeeded: 0, refused: 1 }, name)
  }
})

test('a public node dials no private host, no loopback, no group, no name and no other transport', async () => {
  const absurd = [
    '/ip4/127.0.0.1/tcp/22',
    '/ip4/192.168.1.1/tcp/80',
    '/ip4/169.254.169.254/tcp/80',
    '/ip4/224.0.0.251/tcp/5353',
    '/ip6/::1/tcp/22',
    '/ip4/8.8.8.8/udp/53',
    '/dns4/victim.example/tcp/443',
    OWN.address.toString(),
  ]
  for (const text of absurd) {
    const node = new CallingNode()
    assert.equal(await node.receive([encodeHolePunch('CONNECT', [multiaddr(text)]), SYNC]), 'reset', text)
    assert.deepEqual(node.dials, [], text)
    assert.equal(node.counters.refused, 1, text)
  }
})

test('a crowd that names one victim makes the node dial it once a minute', async () => {
  const node = new CallingNode()
  for (let seed = 1; seed <= 20; seed++) {
    await node.receive([CONNECT_VICTIM, SYNC], { seed })
  }
  assert.equal(node.dials.length, 1)
  assert.equal(node.counters.refused, 19)
  await node.clock.advance(60_000)
  await node.receive([CONNECT_VICTIM, SYNC], { seed: 21 })
  assert.equal(node.dials.length, 2)
})

test('one peer makes the node dial no more than three addresses a minute', async () => {
  const node = new CallingNode()
  for (let port = 1; port <= 20; port++) {
    const connect = encodeHolePunch('CONNECT', [multiaddr(`/ip4/8.8.${port}.8/tcp/443`)])
    await node.receive([connect, SYNC])
  }
  assert.equal(node.dials.length, MAX_CONVERSATIONS_PER_PEER)
})

test('a stream on a direct connection, on one that the other side opened, or beside a direct one is reset', async () => {
  const direct = new CallingNode()
  assert.equal(await direct.receive([CONNECT_VICTIM, SYNC], { remoteAddr: multiaddr('/ip4/7.7.7.7/tcp/1') }), 'reset')
  const inbound = new CallingNode()
  assert.equal(await inbound.receive([CONNECT_VICTIM, SYNC], { direction: 'inbound' }), 'reset')
  const beside = new CallingNode({ hasDirect: true })
  assert.equal(await beside.receive([CONNECT_VICTIM, SYNC]), 'reset')
  for (const { dials, counters } of [direct, inbound, beside]) {
    assert.deepEqual(dials, [])
    assert.equal(counters.refused, 1)
  }
})

test('a second stream of a peer while the first one is served is reset, and so is one above the bound of all', async () => {
  const node = new CallingNode()
  const first = node.receive([CONNECT_VICTIM])
  assert.equal(await node.receive([CONNECT_VICTIM, SYNC]), 'reset')
  for (let seed = 2; seed <= MAX_PUNCHES_AT_ONCE; seed++) {
    void node.receive([encodeHolePunch('CONNECT', [multiaddr(`/ip4/8.8.8.${seed}/tcp/1`)])], { seed })
  }
  assert.equal(await node.receive([CONNECT_VICTIM, SYNC], { seed: MAX_PUNCHES_AT_ONCE + 1 }), 'reset')
  assert.deepEqual(node.dials, [])
  // Those who say no more are dropped after a while.
  await node.clock.advance(5_000)
  assert.equal(await first, 'reset')
})

function encodeLengthy(count: number): Uint8Array {
  const address = [0x12, 8, ...VICTIM.bytes]
  return Uint8Array.from([0x08, 100, ...Array.from({ length: count }, () => address).flat()])
}
