import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import type { NetworkEvent, NetworkStream } from '../../../src/system/network.ts'
import { type MemoryNetwork, MemoryWorld } from '../../support/memory-network.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const PROTOCOL = '/test/1.0.0'
const LIMITS = { maxInboundStreamsPerPeer: 2, maxOutboundStreamsPerPeer: 2 }
const never = new AbortController().signal
const random = new SeededRandom('memory-network')

interface Meeting {
  clock: VirtualClock
  world: MemoryWorld
  romeo: MemoryNetwork
  juliet: MemoryNetwork
  events: NetworkEvent[]
}

async function meet(): Promise<Meeting> {
  const clock = new VirtualClock()
  const world = new MemoryWorld(clock, { latencyMs: 50 })
  const romeo = world.createNetwork(peerIdFromSeed(random.bytes(32)))
  const juliet = world.createNetwork(peerIdFromSeed(random.bytes(32)))
  juliet.handle(PROTOCOL, async (stream) => stream.sink(stream.source), LIMITS)
  await Promise.all([romeo.start(), juliet.start()])
  const events: NetworkEvent[] = []
  romeo.subscribe((event) => events.push(event))
  return { clock, world, romeo, juliet, events }
}

function dial({ clock, romeo, juliet }: Meeting): Promise<NetworkStream> {
  return clock.run(romeo.dial({ peerId: juliet.peerId, addresses: [`/memory/${juliet.peerId}`] }, PROTOCOL, never))
}

test('a dial takes one round trip and an echo another, on the clock of the world', async () => {
  const meeting = await meet()
  const stream = await dial(meeting)
  assert.equal(meeting.clock.monotonicMs(), 100)
  stream
    .sink(
      (async function* () {
        yield Uint8Array.of(7)
        await new Promise(() => {})
      })(),
    )
    .catch(() => {})
  assert.deepEqual(await meeting.clock.run(stream.source.next()), { done: false, value: Uint8Array.of(7) })
  assert.equal(meeting.clock.monotonicMs(), 200)
})

test('when Juliet is killed her streams break, Romeo hears of it and cannot dial her until she is back', async () => {
  const meeting = await meet()
  const stream = await dial(meeting)
  meeting.world.kill(meeting.juliet.peerId)
  await assert.rejects(stream.source.next(), /the connection broke/)
  assert.deepEqual(meeting.events.at(-1), { type: 'peer-disconnected', peerId: meeting.juliet.peerId })
  await assert.rejects(dial(meeting), { failure: 'unreachable' })
  await assert.rejects(
    meeting.clock.run(meeting.juliet.dial({ peerId: meeting.romeo.peerId, addresses: [] }, PROTOCOL, never)),
    { failure: 'stopped' },
  )

  const back = meeting.world.createNetwork(meeting.juliet.peerId)
  back.handle(PROTOCOL, async (inbound) => inbound.sink(inbound.source), LIMITS)
  await back.start()
  assert.equal((await dial(meeting)).peerId, meeting.juliet.peerId)
})

test('offline and partitioned peers cannot be reached, and can again afterwards', async () => {
  const meeting = await meet()
  const { world, romeo, juliet } = meeting
  world.setOffline(juliet.peerId, true)
  await assert.rejects(dial(meeting), { failure: 'unreachable' })
  assert.deepEqual(await meeting.clock.run(romeo.closestPeers(new Uint8Array(1), 5, never)), [])
  world.setOffline(juliet.peerId, false)
  world.setPartitioned(romeo.peerId, juliet.peerId, true)
  await assert.rejects(dial(meeting), { failure: 'unreachable' })
  world.setPartitioned(juliet.peerId, romeo.peerId, false)
  assert.equal((await dial(meeting)).peerId, juliet.peerId)
})

test('streams that are over no longer count against the limit', async () => {
  const meeting = await meet()
  for (let i = 0; i < 3 * LIMITS.maxInboundStreamsPerPeer; i++) {
    const stream = await dial(meeting)
    await stream.sink((async function* () {})())
    await meeting.clock.run(stream.source.next())
  }
})
