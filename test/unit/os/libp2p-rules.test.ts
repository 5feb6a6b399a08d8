import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MultiaddrConnection } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { AddressPolicy } from '../../../src/os/libp2p-address-policy.ts'
import {
  hostKey,
  isLoopbackAddress,
  isPublicAddress,
  parseAddress,
  peerIdOf,
  usefulFirst,
  withoutPeerId,
} from '../../../src/os/libp2p-addresses.ts'
import { BufferBudget } from '../../../src/os/libp2p-buffer-budget.ts'
import { ConnectionGate } from '../../../src/os/libp2p-connection-gate.ts'
import { toDialError } from '../../../src/os/libp2p-dial-error.ts'
import { assertEd25519Identity } from '../../../src/os/libp2p-guarded-noise.ts'
import * as limits from '../../../src/os/libp2p-limits.ts'
import { DialError } from '../../../src/system/network.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const PUBLIC = multiaddr('/ip4/8.8.8.8/tcp/4001')
const PRIVATE = multiaddr('/ip4/192.168.1.7/tcp/4001')
const LOOPBACK = multiaddr('/ip4/127.0.0.1/tcp/22')
const NAME = multiaddr('/dns4/router.example/tcp/80')
const MIB = 1024 * 1024

test('addresses are told in the order of what strangers can do with them', () => {
  const relayed = multiaddr(`/ip4/8.8.4.4/tcp/1/p2p/${peerIdFromSeed(new Uint8Array(32))}/p2p-circuit`)
  assert.deepEqual(usefulFirst([LOOPBACK, PRIVATE, relayed, NAME, PUBLIC]), [NAME, PUBLIC, relayed, PRIVATE, LOOPBACK])
})

test('the limits multiply to no more than 512 MiB', () => {
  const perConnection =
    limits.CONNECTION_WRITE_BUFFER_BYTES +
    limits.MAX_WRITE_BATCH_BYTES +
    limits.STREAM_WINDOW_BYTES +
    limits.NEGOTIATION_ALLOWANCE_BYTES * limits.MAX_STREAMS_PER_CONNECTION +
    limits.KAD_ALLOWANCE_BYTES * limits.KAD_MAX_INBOUND_STREAMS +
    3 * limits.IDENTIFY_ALLOWANCE_BYTES +
    4 * limits.AUTONAT_ALLOWANCE_BYTES +
    2 * limits.PING_MAX_STREAMS * limits.PING_ALLOWANCE_BYTES
  const total =
    limits.STREAM_BUFFER_BUDGET_BYTES +
    limits.MAX_CONNECTIONS * perConnection +
    (limits.MAX_PENDING_INBOUND + limits.MAX_PARALLEL_DIALS) * limits.HANDSHAKE_ALLOWANCE_BYTES
  assert.ok(total <= 512 * MIB, `${total / MIB} MiB`)
})

test('a node without a public address dials whatever it hears of', () => {
  const policy = new AddressPolicy(new VirtualClock(), () => [PRIVATE, LOOPBACK])
  for (const address of [PUBLIC, PRIVATE, LOOPBACK, NAME]) {
    assert.ok(policy.allows(address))
  }
})

test('a public node dials no private address, loopback or name by hearsay, but those that its user or LAN named', () => {
  const policy = new AddressPolicy(new VirtualClock(), () => [PRIVATE, PUBLIC])
  assert.deepEqual(
    [PUBLIC, PRIVATE, LOOPBACK, NAME].map((address) => policy.allows(address)),
    [true, false, false, false],
  )
  policy.trust(PRIVATE.encapsulate(`/p2p/${peerIdFromSeed(new Uint8Array(32))}`))
  assert.ok(policy.allows(PRIVATE))
  assert.ok(!policy.allows(LOOPBACK))
})

test('an address is dialled once a minute, whatever peer is said to be there, unless the same one is asked for', async () => {
  const clock = new VirtualClock()
  const policy = new AddressPolicy(clock, () => [])
  const [one, other] = [1, 2].map((byte) => peerIdFromSeed(new Uint8Array(32).fill(byte)))
  const at = (peerId: string | undefined): Multiaddr => PUBLIC.encapsulate(`/p2p/${peerId}`)
  assert.ok(policy.begin(at(one)))
  assert.ok(!policy.begin(at(one)))
  assert.ok(!policy.begin(at(other)))
  const answered = [policy.ask(one!), policy.ask(other!)]
  assert.ok(policy.begin(at(one)))
  assert.ok(
    !policy.begin(at(other)),
    'a victim of twenty invented peers, each asked for, is dialled for the first alone',
  )
  for (const end of answered) {
    end()
  }
  assert.ok(!policy.allows(at(one)))
  await clock.advance(limits.HEARSAY_RETRY_MS)
  assert.ok(policy.begin(at(one)))
  // A peer was there: now it is no victim of a lie, but a peer that is away. Of others nothing is known still.
  policy.succeeded(at(one))
  assert.ok(policy.begin(at(one)))
  assert.ok(!policy.begin(at(other)))
})

test('nobody listens on an unspecified or multicast host or on port 0: they are never dialled', () => {
  const policy = new AddressPolicy(new VirtualClock(), () => [])
  for (const absurd of [
    '/ip4/0.0.0.0/tcp/1',
    '/ip4/224.0.0.1/tcp/1',
    '/ip4/255.255.255.255/tcp/1',
    '/ip4/8.8.8.8/tcp/0',
  ]) {
    assert.ok(!policy.begin(multiaddr(absurd)), absurd)
  }
  for (const absurd of ['/ip6/::/tcp/1', '/ip6/ff02::1/tcp/1', '/ip6/64:ff9b::a00:1/tcp/1']) {
    assert.ok(!policy.begin(multiaddr(absurd)), absurd)
  }
})

test('a relayed address is as good as that of its relay, and two peers behind one relay do not stand in for each other', () => {
  const policy = new AddressPolicy(new VirtualClock(), () => [PUBLIC])
  const [relay, one, other] = [1, 2, 3].map((byte) => peerIdFromSeed(new Uint8Array(32).fill(byte)))
  const through = (address: Multiaddr, peerId = one): Multiaddr =>
    address.encapsulate(`/p2p/${relay}/p2p-circuit/p2p/${peerId}`)
  assert.ok(!policy.begin(through(PRIVATE)))
  assert.ok(!policy.begin(through(LOOPBACK)))
  assert.ok(policy.begin(through(multiaddr('/ip4/9.9.9.9/tcp/1'))))
  assert.ok(!policy.begin(through(multiaddr('/ip4/9.9.9.9/tcp/1'))))
  assert.ok(policy.begin(through(multiaddr('/ip4/9.9.9.9/tcp/1'), other)))
  assert.ok(policy.begin(multiaddr(`/p2p/${relay}/p2p-circuit/p2p/${one}`)), 'a relay with which there is a connection')
})

test('a relayed address is no public address of a node, so who has no other dials its LAN still', () => {
  const relayed = multiaddr(`/ip4/9.9.9.9/tcp/1/p2p/${peerIdFromSeed(new Uint8Array(32))}/p2p-circuit`)
  const policy = new AddressPolicy(new VirtualClock(), () => [PRIVATE, relayed])
  assert.ok(policy.begin(PRIVATE))
})

test('the memory of tried and trusted addresses is bounded', () => {
  const policy = new AddressPolicy(new VirtualClock(), () => [])
  for (let port = 1; port <= limits.MAX_REMEMBERED_ADDRESSES + 1; port++) {
    policy.begin(multiaddr(`/ip4/8.8.8.8/tcp/${port}`))
  }
  assert.ok(policy.allows(multiaddr('/ip4/8.8.8.8/tcp/1')))
  assert.ok(!policy.allows(multiaddr('/ip4/8.8.8.8/tcp/2')))
})

/** A connection as a transport makes it, cut down to what the gate touches. */
class FakeConnection extends EventTarget {
  readonly remoteAddr: Multiaddr
  aborted = false
  received = 0
  constructor(remoteAddr: Multiaddr) {
    super()
    this.remoteAddr = remoteAddr
  }
  onData(data: Uint8Array): void {
    this.received += data.byteLength
  }
  abort(): void {
    this.aborted = true
    this.dispatchEvent(new Event('close'))
  }
}

function arrive(gate: ConnectionGate, address: Multiaddr): { admitted: boolean; connection: FakeConnection } {
  const connection = new FakeConnection(address)
  return { admitted: gate.admit(connection as unknown as MultiaddrConnection), connection }
}

for (const [address, perSecond] of [
  [PUBLIC, limits.INBOUND_RATE_PUBLIC_PER_S],
  [multiaddr('/ip6/2001:db9::1/tcp/1'), limits.INBOUND_RATE_PUBLIC_PER_S],
  [PRIVATE, limits.INBOUND_RATE_PRIVATE_PER_S],
] as const) {
  test(`${hostKey(address)} may connect ${perSecond} times a second`, async () => {
    const clock = new VirtualClock()
    const gate = new ConnectionGate(clock)
    const admit = (): number =>
      Array.from({ length: 100 }, () => arrive(gate, address)).filter((a) => a.admitted).length
    assert.equal(admit(), perSecond)
    await clock.advance(999)
    assert.equal(admit(), 0)
    await clock.advance(1)
    assert.equal(admit(), perSecond)
  })
}

test('loopback is not counted, and one host does not use up what another may have', () => {
  const gate = new ConnectionGate(new VirtualClock())
  assert.ok(Array.from({ length: 500 }, () => arrive(gate, LOOPBACK)).every(({ admitted }) => admitted))
  assert.equal(gate.pending, limits.MAX_PENDING_INBOUND)
  for (let host = 1; host <= 250; host++) {
    assert.ok(arrive(gate, multiaddr(`/ip4/8.8.8.${host}/tcp/1`)).admitted)
  }
})

test('of too many half-open connections the oldest is closed', () => {
  const gate = new ConnectionGate(new VirtualClock())
  const all = Array.from({ length: limits.MAX_PENDING_INBOUND + 1 }, () => arrive(gate, LOOPBACK).connection)
  assert.deepEqual(
    all.map(({ aborted }) => aborted),
    [true, ...new Array<boolean>(limits.MAX_PENDING_INBOUND).fill(false)],
  )
  gate.settle(all[1] as unknown as MultiaddrConnection)
  arrive(gate, LOOPBACK)
  assert.equal(all[1]!.aborted, false)
})

test('who sends too much before the handshake is over is cut off, afterwards nobody is', () => {
  const gate = new ConnectionGate(new VirtualClock())
  const [early, late] = [arrive(gate, LOOPBACK).connection, arrive(gate, LOOPBACK).connection]
  early.onData(new Uint8Array(limits.HANDSHAKE_ALLOWANCE_BYTES))
  assert.equal(early.aborted, false)
  early.onData(new Uint8Array(1))
  assert.equal(early.aborted, true)
  assert.equal(early.received, limits.HANDSHAKE_ALLOWANCE_BYTES)
  gate.settle(late as unknown as MultiaddrConnection)
  late.onData(new Uint8Array(2 * limits.HANDSHAKE_ALLOWANCE_BYTES))
  assert.equal(late.aborted, false)
})

const ED25519 = Uint8Array.of(0x08, 1, 0x12, 0x20, ...new Uint8Array(32))
const field = (number: number, bytes: Uint8Array): number[] => [number * 8 + 2, bytes.byteLength, ...bytes]

test('a handshake payload with an Ed25519 key passes, in any order of its fields', () => {
  const signature = field(2, new Uint8Array(64))
  assertEd25519Identity(Uint8Array.from([...field(1, ED25519), ...signature]))
  assertEd25519Identity(Uint8Array.from([...signature, ...field(1, ED25519), ...field(4, Uint8Array.of(1))]))
})

test('a handshake payload with any other key is refused, also behind a first good one', () => {
  const secp256k1 = Uint8Array.of(0x08, 2, 0x12, 0x21, ...new Uint8Array(33))
  const rsa = Uint8Array.of(0x08, 0, 0x12, 0x20, ...new Uint8Array(32))
  const appended = Uint8Array.of(...ED25519, 0x08, 0)
  for (const key of [secp256k1, rsa, appended, new Uint8Array(0)]) {
    assert.throws(() => assertEd25519Identity(Uint8Array.from(field(1, key))), /not an Ed25519 key/)
    assert.throws(
      () => assertEd25519Identity(Uint8Array.from([...field(1, ED25519), ...field(1, key)])),
      /not an Ed25519/,
    )
  }
})

test('no handshake payload does worse than throw an Error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
      try {
        assertEd25519Identity(payload)
      } catch (error) {
        assert.match((error as Error).message, /noise handshake payload|identity key/)
      }
    }),
  )
})

test('addresses: text that is none, peers at the end, hosts and who can reach them', () => {
  const peerId = peerIdFromSeed(new Uint8Array(32))
  assert.equal(parseAddress('/ip4/1.2.3.4/tcp/notaport'), undefined)
  assert.equal(peerIdOf(PUBLIC.encapsulate(`/p2p/${peerId}`)), peerId)
  assert.equal(withoutPeerId(PUBLIC.encapsulate(`/p2p/${peerId}`)).toString(), PUBLIC.toString())
  assert.equal(hostKey(multiaddr('/ip6/2001:db8:1:2:3:4:5:6/tcp/1')), '2001:db8:1:2')
  assert.equal(hostKey(multiaddr('/ip6/2001:db8::6/tcp/1')), '2001:db8:0:0')
  assert.equal(hostKey(NAME), undefined)
  assert.deepEqual(
    [PUBLIC, PRIVATE, LOOPBACK, NAME].map((address) => [isPublicAddress(address), isLoopbackAddress(address)]),
    [
      [true, false],
      [false, false],
      [false, true],
      [false, false],
    ],
  )
})

test('a budget gives no more than it has', () => {
  const budget = new BufferBudget(10)
  assert.ok(budget.take(6))
  assert.ok(!budget.take(5))
  assert.ok(budget.take(4))
  budget.give(10)
  assert.equal(budget.usedBytes, 0)
  assert.throws(() => budget.give(1), { name: 'AssertionError' })
})

test("libp2p's errors become the failures that callers know", () => {
  const named = (name: string, message = ''): Error => Object.assign(new Error(message), { name })
  for (const [error, failure] of [
    [named('UnsupportedProtocolError'), 'unsupported-protocol'],
    [named('NoValidAddressesError'), 'no-addresses'],
    [named('TooManyOutboundProtocolStreamsError'), 'limit'],
    [named('DialError', 'Dial queue is full'), 'limit'],
    [named('NotStartedError'), 'stopped'],
    [named('EncryptionFailedError'), 'unreachable'],
    ['a string', 'unreachable'],
    [new DialError('limit', 'ours'), 'limit'],
  ] as const) {
    assert.equal(toDialError(error, 'peer', '/p/1').failure, failure)
  }
})
