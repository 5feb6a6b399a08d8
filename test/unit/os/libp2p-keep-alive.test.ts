import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeepAlive } from '../../../src/os/libp2p-keep-alive.ts'
import * as limits from '../../../src/os/libp2p-limits.ts'
import type { Libp2pNode } from '../../../src/os/libp2p-types.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const SWEEP_MS = limits.KEEP_ALIVE_SWEEP_INTERVAL_MS

/** A connection cut down to what the keep-alive touches. */
class FakeConnection {
  readonly direction: 'inbound' | 'outbound'
  readonly remotePeer: { toString(): string }
  readonly streams: unknown[] = []
  readonly status = 'open'
  pings = 0
  answers = true
  aborted = false
  readonly muxer = {
    onData: (_data: unknown): void => {},
    ping: async (): Promise<number> => {
      this.pings += 1
      if (!this.answers) {
        return await new Promise(() => {})
      }
      this.hear()
      return 1
    },
  }

  constructor(direction: 'inbound' | 'outbound', peerId: string) {
    this.direction = direction
    this.remotePeer = { toString: () => peerId }
  }

  hear(): void {
    this.muxer.onData(new Uint8Array(1))
  }

  abort(): void {
    this.aborted = true
  }
}

interface Watched {
  readonly clock: VirtualClock
  /** The process stands still for so long: time goes on, timers are late. */
  readonly standStill: (ms: number) => void
  readonly keepAlive: KeepAlive
  readonly dialled: FakeConnection
  readonly called: FakeConnection
  readonly close: (connection: FakeConnection) => void
}

function watch(neededPeers: readonly string[] = []): Watched {
  const clock = new VirtualClock()
  const node = new EventTarget()
  let stoodMs = 0
  const ownClock = {
    monotonicMs: () => clock.monotonicMs() + stoodMs,
    schedule: clock.schedule.bind(clock),
  }
  const keepAlive = new KeepAlive({ clock: ownClock, neededPeers: () => neededPeers }, node as unknown as Libp2pNode)
  const tell = (type: string, detail: FakeConnection): boolean => node.dispatchEvent(new CustomEvent(type, { detail }))
  const dialled = new FakeConnection('outbound', 'a')
  const called = new FakeConnection('inbound', 'b')
  tell('connection:open', dialled)
  tell('connection:open', called)
  const standStill = (ms: number): void => {
    stoodMs += ms
  }
  return { clock, standStill, keepAlive, dialled, called, close: (connection) => tell('connection:close', connection) }
}

test('an idle connection is pinged by its dialler every five minutes, by the other end only when no ping came', async () => {
  const { clock, keepAlive, dialled, called } = watch()
  await clock.advance(limits.KEEP_ALIVE_IDLE_MS - 1)
  assert.deepEqual([dialled.pings, called.pings], [0, 0])
  await clock.advance(SWEEP_MS)
  assert.deepEqual([dialled.pings, called.pings], [1, 0])
  await clock.advance(limits.KEEP_ALIVE_PATIENCE_MS)
  assert.deepEqual([dialled.pings, called.pings], [1, 1])
  keepAlive.stop()
})

test('a connection with a stream, or to our relay, is pinged every minute', async () => {
  const { clock, keepAlive, dialled, called } = watch(['b'])
  dialled.streams.push({})
  await clock.advance(limits.KEEP_ALIVE_IN_USE_MS + SWEEP_MS)
  assert.deepEqual([dialled.pings, called.pings], [1, 0])
  await clock.advance(limits.KEEP_ALIVE_PATIENCE_MS + SWEEP_MS)
  assert.deepEqual([dialled.pings, called.pings], [2, 1])
  keepAlive.stop()
})

test('where anything is heard no ping is sent', async () => {
  const { clock, keepAlive, dialled } = watch()
  for (let minutes = 0; minutes < 30; minutes++) {
    await clock.advance(60_000)
    dialled.hear()
  }
  assert.equal(dialled.pings, 0)
  assert.equal(dialled.aborted, false)
  keepAlive.stop()
})

test('a connection that gives no sign of life after it was asked is broken', async () => {
  const { clock, keepAlive, dialled, called } = watch()
  dialled.answers = false
  called.answers = false
  keepAlive.doubt('a')
  keepAlive.doubt('a')
  assert.deepEqual([dialled.pings, called.pings], [1, 0])
  await clock.advance(limits.KEEP_ALIVE_ANSWER_TIMEOUT_MS)
  assert.deepEqual([dialled.aborted, called.aborted], [true, false])
  keepAlive.doubtAll()
  assert.equal(called.pings, 1)
  called.hear()
  await clock.advance(limits.KEEP_ALIVE_ANSWER_TIMEOUT_MS)
  assert.equal(called.aborted, false, 'anything that was heard will do')
  keepAlive.stop()
})

test('a silent connection on which a stream is to be opened has five seconds, one that was just heard none to lose', async () => {
  const { clock, keepAlive, dialled, called } = watch()
  dialled.answers = false
  await clock.advance(limits.KEEP_ALIVE_URGENT_TIMEOUT_MS)
  called.hear()
  keepAlive.beforeUse('a')
  keepAlive.beforeUse('b')
  assert.deepEqual([dialled.pings, called.pings], [1, 0])
  await clock.advance(limits.KEEP_ALIVE_URGENT_TIMEOUT_MS - 1)
  assert.equal(dialled.aborted, false)
  await clock.advance(1)
  assert.equal(dialled.aborted, true)
  keepAlive.stop()
})

test('who is asked already has less time once the machine has other addresses, and never more', async () => {
  const { clock, keepAlive, dialled } = watch()
  dialled.answers = false
  keepAlive.doubt('a')
  await clock.advance(1_000)
  keepAlive.doubtAll()
  await clock.advance(1_000)
  keepAlive.doubtAll()
  keepAlive.doubt('a')
  await clock.advance(limits.KEEP_ALIVE_URGENT_TIMEOUT_MS - 1_001)
  assert.equal(dialled.aborted, false)
  await clock.advance(1)
  assert.equal(dialled.aborted, true)
  assert.equal(dialled.pings, 1)
  keepAlive.stop()
})

test('after the process stood still what came meanwhile is read before a connection is broken', async () => {
  const { clock, standStill, keepAlive, dialled, called } = watch()
  for (const connection of [dialled, called]) {
    connection.answers = false
  }
  keepAlive.doubtAll()
  standStill(60_000)
  await clock.advance(limits.KEEP_ALIVE_URGENT_TIMEOUT_MS)
  assert.deepEqual([dialled.aborted, called.aborted], [false, false])
  called.hear()
  await clock.advance(limits.KEEP_ALIVE_STALL_MS)
  assert.deepEqual([dialled.aborted, called.aborted], [true, false])
  keepAlive.stop()
})

test('what is closed is forgotten, and nothing runs after the stop', async () => {
  const { clock, keepAlive, dialled, called, close } = watch()
  dialled.answers = false
  keepAlive.doubt('a')
  close(dialled)
  await clock.advance(2 * limits.KEEP_ALIVE_IDLE_MS)
  assert.equal(dialled.aborted, false)
  assert.equal(dialled.pings, 1)
  const { pings } = called
  keepAlive.stop()
  await clock.advance(2 * limits.KEEP_ALIVE_IDLE_MS)
  assert.equal(called.pings, pings)
})
