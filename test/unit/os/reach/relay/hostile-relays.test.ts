import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pNetwork } from '../../../../../src/os/libp2p-network.ts'
import {
  HOP_PROTOCOL,
  HOP_TYPE,
  type HopMessage,
  hopMessage,
  STATUS,
  STOP_PROTOCOL,
  STOP_TYPE,
  stopMessage,
} from '../../../../../src/os/reach/relay/circuit-messages.ts'
import { MessageExchange } from '../../../../../src/os/reach/relay/message-exchange.ts'
import type { Network } from '../../../../../src/system/network.ts'
import { bootstrapAddress } from '../../../../support/libp2p-world.ts'
import { ECHO_PROTOCOL, echoed, RelayWorld, relaysOf, reserved, until } from '../../../../support/relay-world.ts'

const HELLO = new TextEncoder().encode('hello')

let world: RelayWorld

beforeEach(() => {
  world = new RelayWorld()
})

afterEach(() => world.stop())

type Handler = (stream: Stream, connection: Connection) => void | Promise<void>

/** A relay that does with each hop stream what it likes. */
async function hostileRelay(serve: Handler): Promise<Libp2p> {
  const relay = await world.member()
  await relay.handle(HOP_PROTOCOL, serve, { maxInboundStreams: 1_000 })
  return relay
}

/** Gives a reservation of this kind to whoever asks, and answers CONNECT with `connect`. */
async function givingRelay(
  reservation: HopMessage['reservation'],
  connect: Handler = (stream) => stream.abort(new Error('no')),
): Promise<Libp2p> {
  return await hostileRelay(async (stream, connection) => {
    const exchange = new MessageExchange(stream, hopMessage)
    const { type } = await exchange.read(AbortSignal.timeout(5_000))
    if (type === HOP_TYPE.connect) {
      await connect(exchange.unwrap(), connection)
      return
    }
    const answer: HopMessage = { type: HOP_TYPE.status, status: STATUS.ok }
    await exchange.write(reservation === undefined ? answer : { ...answer, reservation }, AbortSignal.timeout(5_000))
    await stream.close()
  })
}

function inOneHour(): number {
  return Math.floor(Date.now() / 1000) + 3_600
}

/** A hidden node whose first relay is the hostile one; it has met that when this resolves. */
async function victimOf(hostile: Libp2p, others: readonly Network[] = []): Promise<Libp2pNetwork> {
  return await world.hidden(others, {
    bootstrap: [
      String(hostile.getMultiaddrs()[0]),
      ...others.map((network) => `${network.addresses()[0]}/p2p/${network.peerId}`),
    ],
    reach: { relays: others.length === 0 ? 1 : others.length },
  })
}

const ANSWERS: Record<string, Handler> = {
  'resets every request': (stream) => stream.abort(new Error('no')),
  'never answers': () => {},
  'closes without an answer': (stream) => stream.close(),
  'answers with garbage': (stream) => {
    stream.send(Uint8Array.of(4, 255, 255, 255, 255))
  },
  'answers with a length without end': (stream) => {
    stream.send(new Uint8Array(60_000).fill(0x80))
  },
  'answers with 4 GiB to come': (stream) => {
    stream.send(Uint8Array.of(255, 255, 255, 255, 15))
  },
  'answers OK without a reservation': (stream) => {
    stream.send(Uint8Array.of(4, 8, HOP_TYPE.status, 40, STATUS.ok))
  },
  'closes the connection': (_stream, connection) => {
    connection.abort(new Error('no'))
  },
}

for (const [habit, serve] of Object.entries(ANSWERS)) {
  test(`a node leaves a relay alone that ${habit}, and reserves with another`, async () => {
    const [hostile, honest] = [await hostileRelay(serve), await world.relay()]
    const node = await victimOf(hostile, [honest])
    await reserved(node, 1, 20_000)
    assert.deepEqual(relaysOf(node), [honest.peerId])
  })
}

test('what a relay says about time and addresses is taken with bounds', async () => {
  const address = multiaddr('/ip4/127.0.0.1/tcp/4001').bytes
  const reservations = [
    { expire: 0, addrs: Array.from({ length: 64 }, (_, index) => multiaddr(`/ip4/127.0.0.1/tcp/${index + 1}`).bytes) },
    { expire: Number.MAX_SAFE_INTEGER, addrs: [address, Uint8Array.of(9, 9, 9), new Uint8Array(0)] },
    { expire: inOneHour(), addrs: [multiaddr('/ip4/127.0.0.1/tcp/1/p2p-circuit').bytes] },
  ]
  for (const reservation of reservations) {
    const hostile = await givingRelay(reservation)
    const node = await victimOf(hostile)
    await reserved(node)
    const [relay] = node.reach().relays
    assert.equal(relay?.address, `${hostile.getMultiaddrs()[0]}/p2p-circuit`, 'the address that it was reached at')
    const leftMs = (relay?.expiresMs ?? 0) - Date.now()
    assert.ok(leftMs > 60_000 && leftMs <= 2 * 3_600_000, `${leftMs} ms`)
    await until(() => node.addresses().length > 0)
    assert.ok(node.addresses().length <= 2)
  }
})

test('a relay that is a proxy to a victim is not announced at the address of the victim when it was reached itself', async () => {
  const hostile = await givingRelay({ expire: inOneHour(), addrs: [multiaddr('/ip4/127.9.9.9/tcp/443').bytes] })
  const node = await victimOf(hostile)
  await reserved(node)
  await until(() => node.addresses().length > 0)
  assert.ok(node.addresses().every((address) => !address.includes('127.9.9.9')))
})

test('a stranger without a reservation of ours cannot pass a connection on to us', async () => {
  const relay = await world.relay()
  const node = await world.relay({
    reach: { relays: 1, serveOthers: 'off' },
    bootstrap: [bootstrapAddress(relay)],
  })
  await reserved(node)
  const stranger = await world.member()
  const connection = await stranger.dial(multiaddr(bootstrapAddress(node)))
  const stream = await connection.newStream(STOP_PROTOCOL)
  await until(() => stream.status === 'reset')
  assert.deepEqual(relaysOf(node), [relay.peerId])
})

test('a relay cannot pass itself off as somebody else', async () => {
  const juliet = await world.hidden([])
  let reservedBy: Connection | undefined
  const hostile = await hostileRelay(async (stream, connection) => {
    reservedBy = connection
    const exchange = new MessageExchange(stream, hopMessage)
    await exchange.read(AbortSignal.timeout(5_000))
    const reservation = { expire: inOneHour(), addrs: [] }
    await exchange.write({ type: HOP_TYPE.status, status: STATUS.ok, reservation }, AbortSignal.timeout(5_000))
  })
  const node = await victimOf(hostile)
  await reserved(node)
  const stream = await reservedBy!.newStream(STOP_PROTOCOL)
  const exchange = new MessageExchange(stream, stopMessage)
  const id = peerIdFromString(juliet.peerId).toMultihash().bytes
  await exchange.write({ type: STOP_TYPE.connect, peer: { id, addrs: [] } }, AbortSignal.timeout(5_000))
  assert.equal((await exchange.read(AbortSignal.timeout(5_000))).status, STATUS.ok)
  const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()))
  exchange.unwrap().send(new Uint8Array(2_000).fill(1))
  await closed
  assert.equal(node.path(juliet.peerId), undefined)
})

test('a relay that ends, drops or delays circuits holds nobody up who has another', async () => {
  const habits: Handler[] = [
    (stream) => stream.abort(new Error('no')),
    () => {},
    (stream) => {
      // A circuit to nowhere.
      stream.send(Uint8Array.of(4, 8, HOP_TYPE.status, 40, STATUS.ok))
    },
  ]
  const honest = await world.relay()
  const juliet = await world.hidden([honest])
  await reserved(juliet)
  for (const habit of habits) {
    const hostile = await givingRelay({ expire: inOneHour(), addrs: [] }, habit)
    const romeo = await world.hidden([honest])
    const addresses = [
      `${hostile.getMultiaddrs()[0]}/p2p-circuit`,
      ...juliet.reach().relays.map(({ address }) => address),
    ]
    const stream = await romeo.dial({ peerId: juliet.peerId, addresses }, ECHO_PROTOCOL, AbortSignal.timeout(5_000))
    assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
  }
})
