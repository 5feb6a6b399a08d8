import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { ByteRates } from '../../../../../src/os/reach/relay/byte-rates.ts'
import { Circuits } from '../../../../../src/os/reach/relay/circuits.ts'
import {
  CIRCUIT_IDLE_MS,
  NETWORK_BURST_BYTES,
  NETWORK_BYTES_PER_SECOND,
  PEER_BURST_BYTES,
  PEER_BYTES_PER_SECOND,
} from '../../../../../src/os/reach/relay/relay-limits.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

const MIB = 1_048_576
const CHUNK_BYTES = 64 * 1024

/** Both ends of a circuit through a relay, and what arrived at the second. */
interface TestCircuit {
  readonly romeo: Stream
  readonly juliet: Stream
  readonly received: () => number
}

/** Two ends of a yamux stream. */
async function streamPair(): Promise<[Stream, Stream]> {
  const [near, far] = multiaddrConnectionPair()
  const create = yamux({ enableKeepAlive: false })()
  const [nearMuxer, farMuxer] = [create.createStreamMuxer(near), create.createStreamMuxer(far)]
  const accepted = new Promise<Stream>((resolve) => {
    farMuxer.addEventListener('stream', ({ detail }) => resolve(detail), { once: true })
  })
  return [await nearMuxer.createStream({ protocol: '/test' }), await accepted]
}

async function circuit(
  circuits: Circuits,
  names: readonly [string, string],
  host = '192.168.1.2',
): Promise<TestCircuit> {
  const [[romeo, here], [there, juliet]] = [await streamPair(), await streamPair()]
  let received = 0
  juliet.addEventListener('message', ({ data }) => {
    received += data.byteLength
  })
  const remoteAddr = multiaddr(`/ip4/${host}/tcp/4001`)
  circuits.open(...names)?.join([
    { stream: here, remoteAddr },
    { stream: there, remoteAddr: multiaddr('/ip4/192.168.9.9/tcp/1') },
  ])
  return { romeo, juliet, received: () => received }
}

/** Sends as fast as the relay reads. */
async function send(stream: Stream, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
    if (!stream.send(new Uint8Array(CHUNK_BYTES))) {
      await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
    }
  }
}

/** Resolves when nothing more comes at this time of the virtual clock: streams of libp2p take real turns. */
async function settled(received: () => number): Promise<void> {
  for (let before = -1; before !== received(); ) {
    before = received()
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((resolve) => setTimeout(resolve))
    }
  }
}

test('50 MiB go through a relay without a cut, at the rate of a peer after the burst', async () => {
  const clock = new VirtualClock()
  const circuits = new Circuits(clock, 10)
  const { romeo, received } = await circuit(circuits, ['romeo', 'juliet'])
  const total = 50 * MIB
  void send(romeo, total)
  let seconds = 0
  for (; received() < total && seconds < 100; seconds++) {
    await settled(received)
    await clock.advance(1_000)
  }
  assert.equal(received(), total)
  const fastest = (total - PEER_BURST_BYTES) / PEER_BYTES_PER_SECOND
  assert.ok(seconds >= fastest - 5 && seconds <= fastest + 10, `${seconds} s, not about ${fastest} s`)
  assert.equal(circuits.size, 1)
  assert.equal(circuits.relayedBytes, total)
  circuits.stop()
})

test('half an hour of a little now and then goes through without a cut, half an hour of silence does not', async () => {
  const clock = new VirtualClock()
  const circuits = new Circuits(clock, 10)
  const { romeo, received } = await circuit(circuits, ['romeo', 'juliet'])
  for (let minute = 0; minute < 30; minute++) {
    romeo.send(Uint8Array.of(minute))
    await clock.advance(60_000)
  }
  assert.equal(received(), 30)
  assert.equal(circuits.size, 1)
  await clock.advance(2 * CIRCUIT_IDLE_MS)
  assert.equal(circuits.size, 0)
  assert.equal(circuits.open('romeo', 'juliet') === undefined, false)
})

test('the peers of one network share its rate', async () => {
  const clock = new VirtualClock()
  const rates = new ByteRates(clock, {
    burstBytes: NETWORK_BURST_BYTES,
    bytesPerSecond: NETWORK_BYTES_PER_SECOND,
    maxKeys: 2,
  })
  assert.equal(rates.take('45.1.1.0/24', NETWORK_BURST_BYTES), 0)
  assert.equal(rates.take('45.1.1.0/24', NETWORK_BYTES_PER_SECOND), 1_000)
  assert.equal(rates.take('46.1.1.0/24', NETWORK_BYTES_PER_SECOND), 0)
  await clock.advance(500)
  assert.equal(rates.take('45.1.1.0/24', 0), 500)
})

test('a relay has a bounded number of circuits, and a place that is given up can be had again', () => {
  const circuits = new Circuits(new VirtualClock(), 2)
  const places = [circuits.open('a', 'b'), circuits.open('c', 'd')]
  assert.equal(circuits.open('e', 'f'), undefined)
  places[0]?.cancel()
  places[0]?.cancel()
  assert.ok(circuits.open('e', 'f') !== undefined)
  assert.equal(circuits.open('g', 'h'), undefined)
})

test('when one end closes the other hears of it, and when one breaks so does the other', async () => {
  const clock = new VirtualClock()
  const circuits = new Circuits(clock, 10)
  const closing = await circuit(circuits, ['romeo', 'juliet'])
  const ended = new Promise((resolve) => closing.juliet.addEventListener('end', resolve))
  closing.romeo.send(Uint8Array.of(1, 2, 3))
  await closing.romeo.close()
  await ended
  assert.equal(closing.received(), 3)
  await closing.juliet.close()
  const breaking = await circuit(circuits, ['romeo', 'juliet'])
  const broken = new Promise((resolve) => breaking.juliet.addEventListener('close', resolve))
  breaking.romeo.abort(new Error('gone'))
  await broken
  await clock.advance(1)
  assert.equal(circuits.size, 0)
})
