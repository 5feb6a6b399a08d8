import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Libp2p } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isRelayedAddress } from '../../../../../src/os/libp2p-addresses.ts'
import { decodeHolePunch, encodeHolePunch } from '../../../../../src/os/reach/punch/hole-punch-message.ts'
import {
  directConnection,
  MeetingPoint,
  type PunchingNode,
  startPunching,
  startRelay,
  throughRelay,
} from './punch-world.ts'

const DCUTR = '/libp2p/dcutr'
let relay: Libp2p
const started: PunchingNode[] = []

before(async () => {
  relay = await startRelay()
})

after(async () => {
  await Promise.all(started.flatMap(({ node, punching }) => [punching.stop(), node.stop()]))
  await relay.stop()
})

/** Juliet listens on the relay, Romeo calls her through it. */
async function romeoAndJuliet(
  isMarked = true,
): Promise<{ romeo: PunchingNode; juliet: PunchingNode; meeting: MeetingPoint }> {
  const meeting = new MeetingPoint()
  const juliet = await startPunching(meeting, relay.getMultiaddrs())
  const romeo = await startPunching(meeting)
  started.push(romeo, juliet)
  if (!isMarked) {
    await romeo.node.dial(relay.getMultiaddrs())
  }
  return { romeo, juliet, meeting }
}

function portOf(address: Multiaddr | undefined): string | undefined {
  return address?.getComponents()[1]?.value
}

test('two nodes that a relay connects come to a direct connection, on which the called one is the server', async () => {
  const { romeo, juliet, meeting } = await romeoAndJuliet()
  const relayed = await romeo.node.dial(throughRelay(relay, juliet.node))
  assert.ok(isRelayedAddress(relayed.remoteAddr))
  const [hers, his] = await Promise.all([
    directConnection(juliet.node, romeo.node),
    directConnection(romeo.node, juliet.node),
  ])
  assert.deepEqual([his.direction, hers.direction], ['outbound', 'inbound'])
  assert.equal(meeting.dials.length, 2)
  // Each was dialled where the relay sees it.
  const seen = (peer: PunchingNode) =>
    relay.getConnections(peer.node.peerId).map(({ remoteAddr }) => portOf(remoteAddr))
  assert.ok(seen(romeo).includes(portOf(hers.remoteAddr)))
  assert.ok(seen(juliet).includes(portOf(his.remoteAddr)))
  for (const connection of [his, hers]) {
    const stream = await connection.newStream('/ipfs/ping/1.0.0')
    await stream.close()
  }
  assert.equal(relayed.status, 'open')
  assert.deepEqual(romeo.punching.report().punches, { tried: 1, succeeded: 1 })
  assert.deepEqual(juliet.punching.report().punches, { tried: 1, succeeded: 1 })
  assert.equal(romeo.punching.mapping(), 'unknown')
})

test('a relay that was connected from an ephemeral port is dialled once more to learn the mapping', async () => {
  const { romeo, juliet } = await romeoAndJuliet(false)
  await romeo.node.dial(throughRelay(relay, juliet.node))
  const { direction } = await directConnection(romeo.node, juliet.node)
  assert.equal(direction, 'outbound')
})

/** A peer of another implementation calls Juliet through the relay and answers her as it likes. */
async function stranger(answer: (send: (bytes: Uint8Array) => Promise<void>, named: Multiaddr[]) => Promise<void>) {
  const meeting = new MeetingPoint()
  const juliet = await startPunching(meeting, relay.getMultiaddrs())
  const mallory = await startPunching(new MeetingPoint())
  started.push(juliet, mallory)
  await mallory.node.unhandle(DCUTR)
  const ended = Promise.withResolvers<string>()
  await mallory.node.handle(
    DCUTR,
    async (stream) => {
      const messages = lpStream(stream)
      stream.addEventListener('close', ({ error }) => ended.resolve(error === undefined ? 'closed' : 'reset'))
      await answer((bytes) => messages.write(bytes), decodeHolePunch((await messages.read()).subarray(), 'CONNECT'))
    },
    { runOnLimitedConnection: true },
  )
  await mallory.node.dial(throughRelay(relay, juliet.node))
  return { outcome: await ended.promise, juliet, meeting }
}

test('who is called announces exactly the endpoint that the relay sees, and dials nobody for an answer out of order', async () => {
  let announced: Multiaddr[] = []
  const { outcome, juliet, meeting } = await stranger(async (send, named) => {
    announced = named
    await send(encodeHolePunch('SYNC'))
  })
  assert.equal(outcome, 'reset')
  assert.deepEqual(meeting.dials, [])
  assert.equal(juliet.punching.refused, 1)
  assert.equal(announced.length, 1)
  const seen = relay.getConnections(juliet.node.peerId).map(({ remoteAddr }) => portOf(remoteAddr))
  assert.ok(seen.includes(portOf(announced[0])))
})

test('who is called dials nobody for an answer that names no address', async () => {
  const { outcome, juliet, meeting } = await stranger((send) => send(encodeHolePunch('CONNECT', [])))
  assert.equal(outcome, 'reset')
  assert.deepEqual(meeting.dials, [])
  assert.equal(juliet.punching.refused, 1)
})
