import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageStream, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { guardedYamux } from '../../../src/os/libp2p-guarded-yamux.ts'
import { MAX_NEW_STREAMS_PER_TURN } from '../../../src/os/libp2p-limits.ts'

const STREAMS = 3 * MAX_NEW_STREAMS_PER_TURN + 5

function victimOf(): { victim: StreamMuxer; wire: MessageStream } {
  const [wire, inbound] = multiaddrConnectionPair()
  return { victim: guardedYamux({ enableKeepAlive: false }, new Map())().createStreamMuxer(inbound), wire }
}

/** SYN with a byte of data on each of so many streams, as one write. */
function openings(count: number): Uint8Array {
  const LENGTH = 13
  const all = new Uint8Array(count * LENGTH)
  const view = new DataView(all.buffer)
  for (let index = 0; index < count; index++) {
    view.setUint16(index * LENGTH + 2, 1)
    view.setUint32(index * LENGTH + 4, 2 * index + 1)
    view.setUint32(index * LENGTH + 8, 1)
    view.setUint8(index * LENGTH + 12, index)
  }
  return all
}

test('streams that come in one read are begun a few in each turn, all of them, in order, with what came behind', async () => {
  const { victim, wire } = victimOf()
  let turn = 0
  // Scheduled before all others, so it comes first in each turn.
  let ticking: NodeJS.Immediate | undefined
  const tick = (): void => {
    turn += 1
    ticking = setImmediate(tick)
  }
  tick()
  const begunIn = new Map<number, number>()
  const bytes: number[] = []
  const all = new Promise<void>((resolve) => {
    victim.addEventListener('stream', ({ detail }: CustomEvent<Stream>) => {
      begunIn.set(turn, (begunIn.get(turn) ?? 0) + 1)
      detail.addEventListener('message', ({ data }) => {
        bytes.push(...data.subarray())
        if (bytes.length === STREAMS) {
          resolve()
        }
      })
    })
  })
  wire.send(openings(STREAMS))
  await all
  clearImmediate(ticking)
  assert.ok(Math.max(...begunIn.values()) <= MAX_NEW_STREAMS_PER_TURN, [...begunIn.values()].join())
  assert.deepEqual(
    bytes,
    Array.from({ length: STREAMS }, (_, index) => index),
  )
})

test('a connection that is closed while streams of it wait for their turn is closed', async () => {
  const { victim, wire } = victimOf()
  let begun = 0
  victim.addEventListener('stream', () => {
    begun += 1
    if (begun === MAX_NEW_STREAMS_PER_TURN) {
      victim.abort(new Error('the test ends it'))
    }
  })
  wire.send(openings(STREAMS))
  while (victim.status !== 'closed') {
    await new Promise(setImmediate)
  }
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  assert.equal(begun, MAX_NEW_STREAMS_PER_TURN)
})
