import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import {
  DialError,
  type Network,
  type NetworkEvent,
  type NetworkStream,
  type StreamLimits,
} from '../../src/system/network.ts'
import { compareDistance } from '../support/memory-network.ts'

/** A place where networks can meet. */
export interface NetworkWorld {
  /** A network that is not started. */
  create(): Network
  /** Lets started networks find each other. */
  introduce(networks: readonly Network[]): Promise<void>
  /** Most bytes that may be under way or buffered on a stream whose reader does not read. */
  readonly maxBufferedBytes: number
  /** Stops everything that was created. */
  close(): Promise<void>
}

const ECHO = '/test/echo/1.0.0'
const OTHER = '/test/other/1.0.0'
const LIMITS: StreamLimits = { maxInboundStreamsPerPeer: 4, maxOutboundStreamsPerPeer: 8 }
const never = new AbortController().signal
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** What every `Network` keeps. `makeWorld` is called once a test. */
export function networkContract(name: string, makeWorld: () => NetworkWorld): void {
  /** Runs `play` with Alice and Bob, both started and introduced; Bob echoes. */
  async function withAliceAndBob(
    play: (alice: Network, bob: Network, world: NetworkWorld) => Promise<void>,
    prepare: (alice: Network, bob: Network) => void = (_alice, bob) => bob.handle(ECHO, echo, LIMITS),
  ): Promise<void> {
    const world = makeWorld()
    try {
      const [alice, bob] = [world.create(), world.create()]
      prepare(alice, bob)
      await Promise.all([alice.start(), bob.start()])
      await world.introduce([alice, bob])
      await play(alice, bob, world)
    } finally {
      await world.close()
    }
  }

  test(`${name}: what Alice sends to an echo comes back`, () =>
    withAliceAndBob(async (alice, bob) => {
      const stream = await alice.dial(at(bob), ECHO, never)
      assert.equal(stream.peerId, bob.peerId)
      assert.equal(stream.direction, 'outbound')
      const [, received] = await Promise.all([
        stream.sink(chunks(text('good '), text('morrow'))),
        collect(stream.source),
      ])
      assert.equal(new TextDecoder().decode(received), 'good morrow')
    }))

  test(`${name}: the listener learns who dialled`, () => {
    const seen = Promise.withResolvers<NetworkStream>()
    return withAliceAndBob(
      async (alice, bob) => {
        const stream = await alice.dial(at(bob), ECHO, never)
        await stream.sink(chunks(text('x')))
        const inbound = await seen.promise
        assert.equal(inbound.peerId, alice.peerId)
        assert.equal(inbound.direction, 'inbound')
        const { value } = await stream.source.next()
        assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype)
      },
      (_alice, bob) =>
        bob.handle(
          ECHO,
          async (stream) => {
            seen.resolve(stream)
            await echo(stream)
          },
          LIMITS,
        ),
    )
  })

  test(`${name}: frames of it-length-prefixed travel through it-pipe in both directions`, () =>
    withAliceAndBob(
      async (alice, bob) => {
        const stream = await alice.dial(at(bob), ECHO, never)
        const words = ['wherefore', 'art', 'thou', 'Romeo'.repeat(10_000)]
        const answers = await pipe(
          asyncly(words.map(text)),
          (source) => lp.encode(source),
          stream,
          (source) => lp.decode(source),
          async (source) => {
            const all: string[] = []
            for await (const frame of source) {
              all.push(new TextDecoder().decode(frame.subarray()))
            }
            return all
          },
        )
        assert.deepEqual(
          answers,
          words.map((word) => word.toUpperCase()),
        )
      },
      (_alice, bob) =>
        bob.handle(
          ECHO,
          async (stream) => {
            await pipe(
              stream,
              (source) => lp.decode(source),
              async function* (source) {
                for await (const frame of source) {
                  yield text(new TextDecoder().decode(frame.subarray()).toUpperCase())
                }
              },
              (source) => lp.encode(source),
              stream,
            )
          },
          LIMITS,
        ),
    ))

  test(`${name}: a mebibyte arrives whole and in order`, () =>
    withAliceAndBob(async (alice, bob) => {
      const stream = await alice.dial(at(bob), ECHO, never)
      const sent = Uint8Array.from({ length: 2 ** 20 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
      const [, received] = await Promise.all([
        stream.sink(chunks(sent.subarray(0, 7), sent.subarray(7, 300_000), sent.subarray(300_000))),
        collect(stream.source),
      ])
      assert.deepEqual(received, sent)
    }))

  test(`${name}: one side may end its half and go on reading`, () =>
    withAliceAndBob(
      async (alice, bob) => {
        const stream = await alice.dial(at(bob), ECHO, never)
        await stream.sink(chunks(text('any answer?')))
        assert.equal(new TextDecoder().decode(await collect(stream.source)), 'you said: any answer?')
      },
      (_alice, bob) =>
        bob.handle(
          ECHO,
          async (stream) => {
            const question = await collect(stream.source)
            await stream.sink(chunks(text('you said: '), question))
          },
          LIMITS,
        ),
    ))

  test(`${name}: close ends both halves without an error, twice as well as once`, () => {
    const ended = Promise.withResolvers<Uint8Array>()
    return withAliceAndBob(
      async (alice, bob) => {
        const stream = await alice.dial(at(bob), ECHO, never)
        const waiting = collect(stream.source)
        const gate = Promise.withResolvers<void>()
        const sinking = stream.sink(
          (async function* () {
            yield text('farewell')
            await gate.promise
          })(),
        )
        await new Promise(setImmediate)
        await stream.close()
        await stream.close()
        await sinking
        assert.equal((await waiting).byteLength, 0)
        assert.equal(new TextDecoder().decode(await ended.promise), 'farewell')
        gate.resolve()
      },
      (_alice, bob) =>
        bob.handle(
          ECHO,
          async (stream) => {
            ended.resolve(await collect(stream.source))
            await stream.close()
          },
          LIMITS,
        ),
    )
  })

  test(`${name}: both sides see an error after abort`, () => {
    const failed = Promise.withResolvers<unknown>()
    return withAliceAndBob(
      async (alice, bob) => {
        const stream = await alice.dial(at(bob), ECHO, never)
        const gate = Promise.withResolvers<void>()
        const sinking = stream.sink(
          (async function* () {
            yield text('a')
            await gate.promise
          })(),
        )
        await stream.source.next()
        const reason = new Error('enough')
        stream.abort(reason)
        await assert.rejects(sinking, reason)
        await assert.rejects(stream.source.next(), reason)
        assert.ok((await failed.promise) instanceof Error)
        gate.resolve()
      },
      (_alice, bob) =>
        bob.handle(
          ECHO,
          async (stream) => {
            await Promise.all([stream.sink(forever()), collect(stream.source)]).catch((error) => {
              failed.resolve(error)
              throw error
            })
          },
          LIMITS,
        ),
    )
  })

  test(`${name}: a reader that does not read makes the writer stall, and nothing is lost`, () => {
    const read = Promise.withResolvers<void>()
    const received = Promise.withResolvers<number>()
    return withAliceAndBob(
      async (alice, bob, world) => {
        const total = 64 * 1024 * 128
        let pulled = 0
        const stream = await alice.dial(at(bob), OTHER, never)
        const sinking = stream.sink(
          (async function* () {
            while (pulled < total) {
              pulled += 64 * 1024
              yield new Uint8Array(64 * 1024)
            }
          })(),
        )
        // Other streams of the same connection go on meanwhile.
        for (let i = 0; i < 20; i++) {
          const other = await alice.dial(at(bob), ECHO, never)
          const [, answer] = await Promise.all([other.sink(chunks(text('still there?'))), collect(other.source)])
          assert.equal(answer.byteLength, 12)
        }
        assert.ok(pulled <= world.maxBufferedBytes, `${pulled} bytes were pulled`)
        assert.ok(pulled > 0)
        read.resolve()
        await sinking
        assert.equal(await received.promise, total)
      },
      (_alice, bob) => {
        bob.handle(ECHO, echo, { ...LIMITS, maxInboundStreamsPerPeer: 32 })
        bob.handle(
          OTHER,
          async (stream) => {
            await read.promise
            received.resolve((await collect(stream.source)).byteLength)
            await stream.close()
          },
          LIMITS,
        )
      },
    )
  })

  test(`${name}: a protocol that nobody speaks is unsupported`, () =>
    withAliceAndBob(async (alice, bob) => {
      await assert.rejects(alice.dial(at(bob), '/test/klingon/1.0.0', never), isDialError('unsupported-protocol'))
    }))

  test(`${name}: a peer that is gone is unreachable`, () =>
    withAliceAndBob(async (alice, bob) => {
      const address = at(bob)
      await bob.stop()
      await assert.rejects(alice.dial(address, ECHO, never), isDialError('unreachable'))
    }))

  test(`${name}: a cancelled dial rejects with the signal's reason`, () =>
    withAliceAndBob(async (alice, bob) => {
      const reason = new Error('changed my mind')
      await assert.rejects(alice.dial(at(bob), ECHO, AbortSignal.abort(reason)), (error) => error === reason)
      const controller = new AbortController()
      const dialling = alice.dial(at(bob), ECHO, controller.signal)
      controller.abort(reason)
      await assert.rejects(dialling, (error) => error === reason)
    }))

  test(`${name}: more streams than the limit are refused, the others go on`, () =>
    withAliceAndBob(async (alice, bob) => {
      const streams: NetworkStream[] = []
      for (let i = 0; i < LIMITS.maxInboundStreamsPerPeer; i++) {
        streams.push(await alice.dial(at(bob), ECHO, never))
      }
      // The listener's limit may show as a failed dial or as a stream that is reset at once.
      await assert.rejects(async () => {
        const surplus = await alice.dial(at(bob), ECHO, never)
        await Promise.all([surplus.sink(chunks(text('me too'))), collect(surplus.source)])
      })
      for (const stream of streams) {
        const [, answer] = await Promise.all([stream.sink(chunks(text('ok'))), collect(stream.source)])
        assert.equal(answer.byteLength, 2)
      }
    }))

  test(`${name}: the dialler's own limit fails the dial with 'limit'`, () =>
    withAliceAndBob(
      async (alice, bob) => {
        await alice.dial(at(bob), ECHO, never)
        await assert.rejects(alice.dial(at(bob), ECHO, never), isDialError('limit'))
      },
      (alice, bob) => {
        alice.handle(ECHO, echo, { maxInboundStreamsPerPeer: 1, maxOutboundStreamsPerPeer: 1 })
        bob.handle(ECHO, echo, LIMITS)
      },
    ))

  test(`${name}: a handler that throws breaks its stream and nothing else`, () =>
    withAliceAndBob(
      async (alice, bob) => {
        const good = await alice.dial(at(bob), ECHO, never)
        const bad = await alice.dial(at(bob), OTHER, never)
        await assert.rejects(collect(bad.source))
        const [, answer] = await Promise.all([good.sink(chunks(text('alive'))), collect(good.source)])
        assert.equal(answer.byteLength, 5)
      },
      (_alice, bob) => {
        bob.handle(ECHO, echo, LIMITS)
        bob.handle(OTHER, () => Promise.reject(new Error('a bug')), LIMITS)
      },
    ))

  test(`${name}: peers are told to listeners as they come and go`, () =>
    withAliceAndBob(
      async (alice, bob) => {
        const events: NetworkEvent[] = []
        const gone = Promise.withResolvers<void>()
        const unsubscribe = alice.subscribe((event) => {
          events.push(event)
          if (event.type === 'peer-disconnected') {
            gone.resolve()
          }
        })
        await alice.dial(at(bob), ECHO, never)
        assert.deepEqual(alice.connectedPeers(), [bob.peerId])
        assert.deepEqual(bob.connectedPeers(), [alice.peerId])
        assert.equal(bob.remoteAddresses(alice.peerId).length, 1)
        await bob.stop()
        await gone.promise
        assert.deepEqual(alice.connectedPeers(), [])
        assert.deepEqual(alice.remoteAddresses(bob.peerId), [])
        unsubscribe()
        assert.ok(events.some((event) => event.type === 'peer-disconnected' && event.peerId === bob.peerId))
      },
      (_alice, bob) => bob.handle(ECHO, echo, LIMITS),
    ))

  test(`${name}: its addresses appear at the start, and an event says so`, async () => {
    const world = makeWorld()
    try {
      const alice = world.create()
      const changed = Promise.withResolvers<void>()
      alice.subscribe((event) => event.type === 'addresses-changed' && changed.resolve())
      assert.deepEqual(alice.addresses(), [])
      await alice.start()
      await changed.promise
      assert.ok(alice.addresses().length > 0)
      assert.ok(alice.addresses().every((address) => !address.includes('/p2p/')))
    } finally {
      await world.close()
    }
  })

  test(`${name}: the closest peers are those that brute force finds`, async () => {
    const world = makeWorld()
    try {
      const networks = Array.from({ length: 8 }, () => world.create())
      await Promise.all(networks.map((network) => network.start()))
      await world.introduce(networks)
      for (let i = 0; i < 4; i++) {
        const key = text(`key ${i}`)
        const from = networks[i]!
        const expected = networks
          .filter((network) => network !== from)
          .map((network) => network.peerId)
          .sort((left, right) => compareDistance(left, right, key))
        const found = await from.closestPeers(key, 5, never)
        assert.deepEqual(
          found.map((peer) => peer.peerId),
          expected.slice(0, 5),
        )
        assert.ok(found.every((peer) => peer.addresses.length > 0))
      }
    } finally {
      await world.close()
    }
  })

  test(`${name}: a lone node finds no peers, and a cancelled lookup rejects with the reason`, async () => {
    const world = makeWorld()
    try {
      const alice = world.create()
      await alice.start()
      assert.deepEqual(await alice.closestPeers(text('anything'), 10, never), [])
      const reason = new Error('too late')
      await assert.rejects(
        alice.closestPeers(text('anything'), 10, AbortSignal.abort(reason)),
        (error) => error === reason,
      )
    } finally {
      await world.close()
    }
  })

  test(`${name}: stop resolves with streams open and breaks them; later dials say 'stopped'`, () =>
    withAliceAndBob(async (alice, bob) => {
      const stream = await alice.dial(at(bob), ECHO, never)
      const reading = collect(stream.source)
      const failure = assert.rejects(reading)
      await Promise.all([alice.stop(), alice.stop()])
      await failure
      await assert.rejects(alice.dial(at(bob), ECHO, never), isDialError('stopped'))
    }))
}

async function echo(stream: NetworkStream): Promise<void> {
  await stream.sink(stream.source)
}

function at(network: Network): { peerId: string; addresses: readonly string[] } {
  return { peerId: network.peerId, addresses: network.addresses() }
}

function isDialError(failure: DialError['failure']): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DialError, String(error))
    assert.equal(error.failure, failure, error.message)
    return true
  }
}

async function* chunks(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

async function* asyncly(source: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* source
}

async function* forever(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1)
  await new Promise(() => {})
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of source) {
    all.push(chunk)
  }
  return new Uint8Array(Buffer.concat(all))
}
