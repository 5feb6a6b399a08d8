import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { dialDirectly } from '../../../../../src/os/reach/punch/direct-dial.ts'
import { PunchBudget } from '../../../../../src/os/reach/punch/punch-budget.ts'
import {
  DIRECT_HEAD_START_MS,
  MAX_ATTEMPTS,
  MAX_DIRECT_ADDRESSES,
  MAX_GRACE_CHECKS,
  RELAYED_GRACE_MS,
  RETRY_WAITS_MS,
} from '../../../../../src/os/reach/punch/punch-limits.ts'
import { PunchTries, type PunchTriesComponents } from '../../../../../src/os/reach/punch/punch-tries.ts'
import { PunchFailure } from '../../../../../src/os/reach/punch/puncher.ts'
import { RelayedRetirement } from '../../../../../src/os/reach/punch/relayed-retirement.ts'
import { ProtocolViolation } from '../../../../../src/util/protocol-violation.ts'
import { peerIdFromSeed } from '../../../../support/peer-ids.ts'
import { RecordingLogger } from '../../../../support/recording-logger.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

const IDS = [1, 2, 3].map((seed) => peerIdFromSeed(new Uint8Array(32).fill(seed))).sort()
const [SMALL, MIDDLE, LARGE] = IDS as [string, string, string]
const CONNECTION = {} as Connection

function relayed(peerId: string, direction: 'inbound' | 'outbound' = 'inbound'): Connection & { status: string } {
  const remoteAddr = multiaddr('/ip4/7.7.7.7/tcp/1/p2p-circuit')
  return { remotePeer: peerIdFromString(peerId), remoteAddr, direction, status: 'open' } as Connection
}

/** Tries of the node `MIDDLE`, whose punches go as `initiate` says. */
function triesWith(over: Partial<PunchTriesComponents> & { initiate?: (isRetry: boolean) => Promise<Connection> }) {
  const clock = new VirtualClock()
  const log = { initiated: [] as boolean[], responded: 0, direct: 0, idle: 0 }
  const tries = new PunchTries({
    clock,
    logger: new RecordingLogger(),
    ownPeerId: MIDDLE,
    puncher: {
      initiate: async (_relayed, signal, isRetry) => {
        log.initiated.push(isRetry)
        const outcome = over.initiate?.(isRetry) ?? Promise.resolve(CONNECTION)
        return await Promise.race([
          outcome,
          new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        ])
      },
      respond: async () => {
        log.responded += 1
        return CONNECTION
      },
    },
    budget: new PunchBudget(clock),
    counters: { tried: 0, succeeded: 0, refused: 0 },
    dialDirectly: async () => false,
    hasDirect: () => false,
    onDirect: () => {
      log.direct += 1
    },
    onIdle: () => {
      log.idle += 1
    },
    ...over,
  })
  return { tries, clock, log }
}

function fakeStream(): { stream: Stream; isReset: () => boolean } {
  let reset = false
  const abort = (): void => {
    reset = true
  }
  return { stream: { abort } as unknown as Stream, isReset: () => reset }
}

test('a peer that went away in the middle of a try and calls anew is punched with at once', async () => {
  const { promise: never } = Promise.withResolvers<Connection>()
  let isFirst = true
  const initiate = async (): Promise<Connection> => {
    const outcome = isFirst ? never : CONNECTION
    isFirst = false
    return await outcome
  }
  const { tries, clock, log } = triesWith({ initiate })
  const [before, after] = [relayed(LARGE), relayed(LARGE)]
  tries.upgrade(before)
  await clock.advance(DIRECT_HEAD_START_MS)
  tries.upgrade(after)
  await clock.advance(0)
  assert.equal(log.initiated.length, 1, 'while the first connection lasts its try goes on')
  before.status = 'closed'
  tries.upgrade(after)
  await clock.advance(DIRECT_HEAD_START_MS)
  assert.deepEqual([log.initiated, log.direct], [[false, false], 1])
  await tries.stop()
})

test('a try that failed because the peer went away leaves no wait', async () => {
  const first = relayed(LARGE)
  const initiate = async (): Promise<Connection> => {
    if (first.status === 'closed') {
      return CONNECTION
    }
    first.status = 'closed'
    throw new PunchFailure('nobody there')
  }
  const { tries, clock, log } = triesWith({ initiate })
  tries.upgrade(first)
  await clock.advance(DIRECT_HEAD_START_MS)
  tries.upgrade(relayed(LARGE))
  await clock.advance(DIRECT_HEAD_START_MS)
  assert.deepEqual([log.initiated, log.direct], [[false, false], 1])
  await tries.stop()
})

test('a peer without public addresses is punched at once', async () => {
  const { tries, clock, log } = triesWith({})
  tries.upgrade(relayed(SMALL))
  await clock.advance(0)
  assert.deepEqual(log, { initiated: [false], responded: 0, direct: 1, idle: 1 })
})

test('a direct dial has a head start, and where it succeeds nobody punches', async () => {
  const slow = Promise.withResolvers<boolean>()
  const { tries, clock, log } = triesWith({ dialDirectly: () => slow.promise })
  tries.upgrade(relayed(SMALL))
  await clock.advance(DIRECT_HEAD_START_MS - 1)
  assert.deepEqual(log.initiated, [])
  slow.resolve(true)
  await clock.advance(10 * DIRECT_HEAD_START_MS)
  assert.deepEqual(log, { initiated: [], responded: 0, direct: 1, idle: 1 })
})

test('a direct dial that takes long goes on beside the punch, and either of them is enough', async () => {
  const slow = Promise.withResolvers<boolean>()
  const never = new Promise<Connection>(() => {})
  const { tries, clock, log } = triesWith({ dialDirectly: () => slow.promise, initiate: () => never })
  tries.upgrade(relayed(SMALL))
  await clock.advance(DIRECT_HEAD_START_MS)
  assert.deepEqual(log.initiated, [false])
  assert.equal(log.direct, 0)
  slow.resolve(true)
  await clock.advance(0)
  assert.equal(log.direct, 1)
  assert.equal(log.idle, 1)
})

test('a conversation that breaks is repeated at once, twice at most, and then after a wait', async () => {
  const { tries, clock, log } = triesWith({ initiate: () => Promise.reject(new Error('the stream broke')) })
  tries.upgrade(relayed(SMALL))
  await clock.advance(10_000)
  assert.deepEqual(log.initiated, Array(MAX_ATTEMPTS).fill(false))
  await clock.advance(RETRY_WAITS_MS[0] as number)
  assert.deepEqual(log.initiated, [...Array(MAX_ATTEMPTS).fill(false), true, ...Array(MAX_ATTEMPTS - 1).fill(true)])
})

test('a dial that failed is repeated after growing waits as long as the relayed connection lasts', async () => {
  const { tries, clock, log } = triesWith({ initiate: () => Promise.reject(new PunchFailure('filtered')) })
  const connection = relayed(SMALL)
  tries.upgrade(connection)
  for (const [index, waitMs] of RETRY_WAITS_MS.entries()) {
    await clock.advance(waitMs - 1_000)
    assert.equal(log.initiated.length, index + 1)
    await clock.advance(1_000)
    assert.equal(log.initiated.length, index + 2)
  }
  Object.assign(connection, { status: 'closed' })
  await clock.advance(86_400_000)
  assert.equal(log.initiated.length, RETRY_WAITS_MS.length + 1)
  assert.equal(log.direct, 0)
})

test('a call again does not shorten the wait', async () => {
  const { tries, clock, log } = triesWith({ initiate: () => Promise.reject(new PunchFailure('filtered')) })
  tries.upgrade(relayed(SMALL))
  await clock.advance(1_000)
  for (let call = 0; call < 5; call++) {
    tries.upgrade(relayed(SMALL))
  }
  await clock.advance(1_000)
  assert.equal(log.initiated.length, 1)
})

test('what the other side did wrong is counted and not repeated at once', async () => {
  const counters = { tried: 0, succeeded: 0, refused: 0 }
  const violation = new ProtocolViolation('out-of-order', 'SYNC where CONNECT is due')
  const { tries, clock, log } = triesWith({ counters, initiate: () => Promise.reject(violation) })
  tries.upgrade(relayed(SMALL))
  await clock.advance(10_000)
  assert.equal(log.initiated.length, 1)
  assert.equal(counters.refused, 1)
})

test('of two that called each other at once the one with the smaller PeerId begins, on both sides', async () => {
  for (const [other, hasYielded] of [
    [SMALL, true],
    [LARGE, false],
  ] as const) {
    const { tries, clock, log } = triesWith({ initiate: () => new Promise(() => {}) })
    const { stream, isReset } = fakeStream()
    tries.upgrade(relayed(other))
    await clock.advance(0)
    tries.serve(stream, relayed(other, 'outbound'))
    await clock.advance(0)
    assert.equal(log.responded === 1, hasYielded)
    assert.equal(isReset(), !hasYielded)
    await tries.stop()
  }
})

test('a stop ends tries and waits for them', async () => {
  const { tries, clock, log } = triesWith({ initiate: () => new Promise(() => {}) })
  tries.upgrade(relayed(SMALL))
  await clock.advance(0)
  await tries.stop()
  assert.equal(log.idle, 1)
  assert.equal(log.direct, 0)
  const { stream, isReset } = fakeStream()
  tries.serve(stream, relayed(SMALL, 'outbound'))
  tries.upgrade(relayed(LARGE))
  assert.ok(isReset())
  assert.equal(log.initiated.length, 1)
})

test('a direct dial goes to public TCP addresses only, and to few of them', async () => {
  const dialled: string[][] = []
  const known = [
    '/ip4/192.168.1.7/tcp/1',
    '/ip4/8.8.8.8/udp/1/quic-v1',
    '/ip4/7.7.7.7/tcp/1/p2p-circuit',
    ...[1, 2, 3, 4, 5, 6].map((port) => `/ip4/8.8.8.8/tcp/${port}`),
  ]
  const parts = (addresses: readonly string[]) => ({
    clock: new VirtualClock(),
    peerStore: { get: async () => ({ addresses: addresses.map((text) => ({ multiaddr: multiaddr(text) })) }) },
    connectionManager: {
      openConnection: async (target: readonly { toString(): string }[]) => {
        dialled.push(target.map(String))
        return { remoteAddr: multiaddr('/ip4/8.8.8.8/tcp/1') } as Connection
      },
    },
  })
  const peer: PeerId = peerIdFromString(SMALL)
  const { signal } = new AbortController()
  assert.equal(await dialDirectly(parts(known), peer, signal), true)
  assert.deepEqual(dialled, [
    [1, 2, 3, 4].slice(0, MAX_DIRECT_ADDRESSES).map((port) => `/ip4/8.8.8.8/tcp/${port}/p2p/${SMALL}`),
  ])
  assert.equal(await dialDirectly(parts(known.slice(0, 3)), peer, signal), false)
  assert.equal(dialled.length, 1)
})

test('a relayed connection is closed once nobody has used it for a while and the direct one lasts', async () => {
  const clock = new VirtualClock()
  let hasDirect = true
  const retirement = new RelayedRetirement(clock, () => hasDirect)
  const connection = (...protocols: string[]) => {
    const closed = { count: 0 }
    const streams = protocols.map((protocol) => ({ protocol }))
    const close = async () => {
      closed.count += 1
    }
    return { closed, streams, relayed: { status: 'open', streams, close } as unknown as Connection }
  }
  const [idle, used, left] = [connection('/ipfs/ping/1.0.0'), connection('/kabber/stanza/1'), connection()]
  retirement.retire(idle.relayed)
  retirement.retire(used.relayed)
  await clock.advance(RELAYED_GRACE_MS)
  assert.deepEqual([idle.closed.count, used.closed.count], [1, 0])
  used.streams.splice(0)
  await clock.advance(RELAYED_GRACE_MS)
  assert.equal(used.closed.count, 1)
  hasDirect = false
  retirement.retire(left.relayed)
  await clock.advance(MAX_GRACE_CHECKS * RELAYED_GRACE_MS)
  assert.equal(left.closed.count, 0)
  assert.equal(clock.pendingTimers, 0)
})
