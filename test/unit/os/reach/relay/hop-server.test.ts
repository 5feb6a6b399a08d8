import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pNetwork } from '../../../../../src/os/libp2p-network.ts'
import {
  HOP_PROTOCOL,
  HOP_TYPE,
  STATUS,
  STOP_PROTOCOL,
  STOP_TYPE,
} from '../../../../../src/os/reach/relay/circuit-messages.ts'
import {
  CIRCUITS_MAX_PER_PEER,
  HOP_REQUESTS_BURST,
  PEER_BURST_BYTES,
  PEER_BYTES_PER_SECOND,
} from '../../../../../src/os/reach/relay/relay-limits.ts'
import { bootstrapAddress } from '../../../../support/libp2p-world.ts'
import {
  askHop,
  dialThroughRelays,
  ECHO_PROTOCOL,
  echoed,
  RelayWorld,
  reserved,
  sendHop,
  until,
} from '../../../../support/relay-world.ts'

const RESERVE = { type: HOP_TYPE.reserve }
const HELLO = new TextEncoder().encode('hello')

let world: RelayWorld
let relay: Libp2pNetwork

beforeEach(async () => {
  world = new RelayWorld()
  relay = await world.relay()
})

afterEach(() => world.stop())

/** Takes every circuit that the relay passes on. */
async function takeCircuits(peer: Libp2p, then: (stream: Stream) => void = () => {}): Promise<void> {
  const take = (stream: Stream): void => {
    const taken = (): void => {
      stream.send(Uint8Array.of(4, 8, STOP_TYPE.status, 32, STATUS.ok))
      then(stream)
    }
    stream.addEventListener('message', taken, { once: true })
  }
  await peer.handle(STOP_PROTOCOL, take, { maxInboundStreams: 1_000 })
}

function connectTo(peerId: string): { type: number; peer: { id: Uint8Array; addrs: Uint8Array[] } } {
  return { type: HOP_TYPE.connect, peer: { id: peerIdFromString(peerId).toMultihash().bytes, addrs: [] } }
}

test('a stranger who speaks no protocol of the network gets neither reservation nor circuit', async () => {
  const juliet = await world.hidden([relay])
  await reserved(juliet)
  const stranger = await world.peer()
  assert.equal((await askHop(stranger, relay, RESERVE)).status, STATUS.permissionDenied)
  assert.equal((await askHop(stranger, relay, connectTo(juliet.peerId))).status, STATUS.permissionDenied)
  assert.equal(relay.reach().relaying?.reservations, 1)
  assert.equal(relay.reach().relaying?.refused, 2)
})

test('a relay connects nobody to a peer that has not reserved, though it is connected, nor to itself or the asker', async () => {
  const [romeo, tybalt] = [await world.member(), await world.member()]
  await tybalt.dial(multiaddr(bootstrapAddress(relay)))
  assert.equal((await askHop(romeo, relay, connectTo(tybalt.peerId.toString()))).status, STATUS.noReservation)
  assert.equal((await askHop(romeo, relay, connectTo(relay.peerId))).status, STATUS.permissionDenied)
  assert.equal((await askHop(romeo, relay, connectTo(romeo.peerId.toString()))).status, STATUS.permissionDenied)
})

test('a reservation ends with the connection that holds it', async () => {
  const romeo = await world.member()
  const { status, reservation } = await askHop(romeo, relay, RESERVE)
  assert.equal(status, STATUS.ok)
  assert.ok((reservation?.expire ?? 0) * 1000 > Date.now())
  await romeo.hangUp(peerIdFromString(relay.peerId))
  await until(() => relay.reach().relaying?.reservations === 0)
})

test('a reservation is renewed in its place, and a full relay says so', async () => {
  const small = await world.relay({ reach: { maxReservations: 1 } })
  const [romeo, juliet] = [await world.member(), await world.member()]
  assert.equal((await askHop(romeo, small, RESERVE)).status, STATUS.ok)
  assert.equal((await askHop(romeo, small, RESERVE)).status, STATUS.ok)
  assert.equal((await askHop(juliet, small, RESERVE)).status, STATUS.reservationRefused)
  assert.equal(small.reach().relaying?.reservations, 1)
})

test('who asks for reservations without end is refused, and others are still served', async () => {
  const flooder = await world.member()
  for (let asked = 0; asked < HOP_REQUESTS_BURST; asked++) {
    assert.equal((await askHop(flooder, relay, RESERVE)).status, STATUS.ok)
  }
  const last = await Promise.all(Array.from({ length: 5 }, () => askHop(flooder, relay, RESERVE)))
  assert.ok(last.some(({ status }) => status === STATUS.resourceLimitExceeded))
  assert.equal((await askHop(await world.member(), relay, RESERVE)).status, STATUS.ok)
})

test('malformed, unknown and oversized requests end their stream and nothing else', async () => {
  const romeo = await world.member()
  const connection = await romeo.dial(multiaddr(bootstrapAddress(relay)))
  const garbage = [
    Uint8Array.of(3, 255, 255, 255),
    Uint8Array.of(255, 255, 255, 255, 15),
    new Uint8Array(64 * 1024).fill(0x80),
    Uint8Array.of(0),
  ]
  for (const bytes of garbage) {
    const stream = await connection.newStream(HOP_PROTOCOL)
    stream.send(bytes)
    await until(() => stream.status !== 'open' || stream.remoteWriteStatus === 'closed')
    stream.abort(new Error('done'))
  }
  assert.equal(
    (await askHop(romeo, relay, { type: HOP_TYPE.status, status: STATUS.ok })).status,
    STATUS.malformedMessage,
  )
  assert.equal((await askHop(romeo, relay, { type: HOP_TYPE.connect })).status, STATUS.malformedMessage)
  const forged = { type: HOP_TYPE.connect, peer: { id: Uint8Array.of(1, 2, 3), addrs: [] } }
  assert.equal((await askHop(romeo, relay, forged)).status, STATUS.malformedMessage)
  assert.equal((await askHop(romeo, relay, RESERVE)).status, STATUS.ok)
  assert.equal(connection.status, 'open')
})

test('a circuit through a circuit is refused', async () => {
  const inner = await world.hidden([relay], { reach: { serveOthers: 'on' } })
  await reserved(inner)
  const romeo = await world.member({ transports: [tcp(), circuitRelayTransport()] })
  const connection = await romeo.dial(multiaddr(`${bootstrapAddress(relay)}/p2p-circuit/p2p/${inner.peerId}`))
  const stream = await connection.newStream(HOP_PROTOCOL, { runOnLimitedConnection: true })
  const closed = new Promise((resolve) => stream.addEventListener('close', resolve))
  stream.send(Uint8Array.of(2, 8, 0))
  const answer = await Promise.race([
    closed,
    new Promise<Event>((resolve) => stream.addEventListener('message', resolve)),
  ])
  assert.ok(answer !== undefined)
  assert.equal(inner.reach().relaying?.reservations, 0)
})

test('a peer has a bounded number of circuits', async () => {
  const juliet = await world.member()
  await takeCircuits(juliet)
  assert.equal((await askHop(juliet, relay, RESERVE)).status, STATUS.ok)
  const callers = [await world.member(), await world.member()]
  const statuses: (number | undefined)[] = []
  for (let index = 0; index < CIRCUITS_MAX_PER_PEER + 2; index++) {
    const { answer } = await sendHop(callers[index % 2]!, relay, connectTo(juliet.peerId.toString()))
    statuses.push(answer.status)
  }
  assert.equal(statuses.filter((status) => status === STATUS.ok).length, CIRCUITS_MAX_PER_PEER)
  assert.equal(statuses.at(-1), STATUS.resourceLimitExceeded)
  assert.equal(relay.reach().relaying?.circuits, CIRCUITS_MAX_PER_PEER)
})

test('a flood through a circuit is slowed down to the rate of the peer, and the circuit lives', async () => {
  const [romeo, juliet] = await Promise.all([world.hidden([relay]), world.hidden([relay])])
  await reserved(juliet)
  const stream = await dialThroughRelays(romeo, juliet)
  const began = performance.now()
  const chunk = new Uint8Array(256 * 1024)
  const bytes = PEER_BURST_BYTES + 2 * PEER_BYTES_PER_SECOND
  assert.equal(
    await echoed(
      stream,
      Array.from({ length: bytes / chunk.length }, () => chunk),
    ),
    bytes,
  )
  const seconds = (performance.now() - began) / 1000
  const relayed = relay.reach().relaying?.relayedBytes ?? 0
  assert.ok(relayed <= 2 * (PEER_BURST_BYTES + (seconds + 1) * PEER_BYTES_PER_SECOND), `${relayed} in ${seconds} s`)
})

test('who does not read what comes through a relay makes the sender stall, not the relay hold it', async () => {
  const juliet = await world.member()
  await takeCircuits(juliet, (stream) => stream.pause())
  assert.equal((await askHop(juliet, relay, RESERVE)).status, STATUS.ok)
  const romeo = await world.member()
  const { answer, stream } = await sendHop(romeo, relay, connectTo(juliet.peerId.toString()))
  assert.equal(answer.status, STATUS.ok)
  let sent = 0
  while (sent < 4 * 1024 * 1024 && stream.send(new Uint8Array(64 * 1024))) {
    sent += 64 * 1024
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(sent < 2 * 1024 * 1024, `${sent} bytes were taken`)
  assert.equal(stream.status, 'open')
})

test("libp2p's own client reserves here and is reached through the relay", async () => {
  const juliet = await world.member({
    addresses: { listen: [`${bootstrapAddress(relay)}/p2p-circuit`] },
    transports: [tcp(), circuitRelayTransport()],
  })
  await until(() => relay.reach().relaying?.reservations === 1)
  const romeo = await world.hidden([relay])
  const peer = { peerId: juliet.peerId.toString(), addresses: [`${bootstrapAddress(relay)}/p2p-circuit`] }
  const stream = await romeo.dial(peer, ECHO_PROTOCOL, AbortSignal.timeout(10_000))
  assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
})

test("libp2p's own relay is used like any other, with its limits", async () => {
  const foreign = await world.member({ services: { relay: circuitRelayServer() } })
  const bootstrap = [`${foreign.getMultiaddrs()[0]}`]
  const [romeo, juliet] = await Promise.all([world.hidden([], { bootstrap }), world.hidden([], { bootstrap })])
  await reserved(juliet)
  const stream = await dialThroughRelays(romeo, juliet)
  assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
})
