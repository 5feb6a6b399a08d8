import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NetworkStream } from '../../../src/system/network.ts'
import { FrameChannel } from '../../../src/util/frame-channel.ts'

const OPTIONS = { maxFrameBytes: 262_144, maxQueuedBytes: 1_048_576 }

interface FakeStream extends NetworkStream {
  readonly chunks: Uint8Array[]
  readonly aborted: Error[]
  closes: number
}

/** A stream whose remote sends `incoming` and ends, and reads as `read` says. */
function fakeStream(
  incoming: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  read?: NetworkStream['sink'],
): FakeStream {
  const stream: FakeStream = {
    peerId: '12D3KooWpeer',
    direction: 'inbound',
    path: 'direct',
    chunks: [],
    aborted: [],
    closes: 0,
    source: (async function* (): AsyncGenerator<Uint8Array, void, unknown> {
      yield* incoming
    })(),
    sink:
      read ??
      (async (source) => {
        for await (const chunk of source) {
          stream.chunks.push(chunk)
        }
      }),
    close: async () => {
      stream.closes += 1
    },
    abort: (error) => {
      stream.aborted.push(error)
    },
  }
  return stream
}

async function receive(incoming: Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  await new FrameChannel(fakeStream(incoming), OPTIONS).run((frame) => {
    frames.push(frame)
    return undefined
  })
  return frames
}

test('frames arrive as they were sent, however the bytes are cut', async () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), async (sent, cuts) => {
      const sender = fakeStream([])
      const channel = new FrameChannel(sender, OPTIONS)
      assert.ok(sent.every((frame) => channel.send(frame)))
      await channel.close()
      const bytes = Buffer.concat(sender.chunks)
      const chunks: Uint8Array[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = cuts[turn % cuts.length]!
        chunks.push(bytes.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(
        (await receive(chunks)).map((frame) => Buffer.from(frame)),
        sent.map((frame) => Buffer.from(frame)),
      )
    }),
    { numRuns: 50 },
  )
})

test('frames sent in one tick travel in one chunk', async () => {
  const stream = fakeStream([])
  const channel = new FrameChannel(stream, OPTIONS)
  for (let i = 0; i < 100; i++) {
    channel.send(Uint8Array.of(i))
  }
  await channel.close()
  assert.equal(stream.chunks.length, 1)
  assert.equal(stream.closes, 1)
})

const varint = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

for (const { title, bytes, reason } of [
  { title: 'one byte over the limit', bytes: varint(0x81, 0x80, 0x10), reason: 'frame-too-large' },
  { title: 'a length of 2^32', bytes: varint(0x80, 0x80, 0x80, 0x80, 0x10), reason: 'frame-too-large' },
  {
    title: 'a length of 2^32, its last byte missing',
    bytes: varint(0x80, 0x80, 0x80, 0x80),
    reason: 'frame-too-large',
  },
  { title: 'a varint of ten bytes', bytes: varint(...Array(9).fill(0xff), 1), reason: 'frame-too-large' },
  { title: 'an endless varint', bytes: new Uint8Array(1000).fill(0xff), reason: 'frame-too-large' },
  { title: 'a length in more bytes than needed', bytes: varint(0x81, 0x00, 0x61), reason: 'frame-length' },
  { title: 'a stream that ends within a frame', bytes: varint(3, 0x61, 0x62), reason: 'frame-truncated' },
  { title: 'a stream that ends within a length', bytes: varint(0x80), reason: 'frame-truncated' },
]) {
  test(`${title} is a violation`, async () => {
    await assert.rejects(receive([bytes]), { name: 'ProtocolViolation', reason })
  })
}

test('a frame of the largest size arrives, also in many pieces', async () => {
  const bytes = new Uint8Array(3 + 262_144)
  bytes.set([0x80, 0x80, 0x10])
  const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, i) => bytes.subarray(i * 100, i * 100 + 100))
  assert.equal((await receive(pieces))[0]?.length, 262_144)
})

test('a frame dripping in byte by byte is a violation before it has cost much', async () => {
  let asked = 0
  const drip = (function* (): Generator<Uint8Array> {
    yield varint(0x80, 0x80, 0x10)
    while (true) {
      asked += 1
      yield new Uint8Array(1)
    }
  })()
  await assert.rejects(receive(drip), { reason: 'frame-fragments' })
  assert.ok(asked <= 4096)
})

test('small frames may come one a chunk without end', async () => {
  const many = Array.from({ length: 10_000 }, () => varint(1, 0x61))
  assert.equal((await receive(many)).length, 10_000)
})

test('a remote that never reads: send says so at the bound', async () => {
  let broken: ((error: Error) => void) | undefined
  const stream = fakeStream([], async (source) => {
    for await (const _ of source) {
      await new Promise<void>((_resolve, reject) => {
        broken = reject
      })
    }
  })
  const channel = new FrameChannel(stream, OPTIONS)
  let accepted = 0
  while (channel.send(new Uint8Array(1024))) {
    accepted += 1
    await Promise.resolve()
  }
  assert.ok(accepted * 1024 <= 1_048_576 + 65_536 + 1024, `${accepted} KiB were queued`)
  const reason = new Error('does not read')
  channel.abort(reason)
  assert.deepEqual(stream.aborted, [reason])
  broken?.(reason)
  await channel.close()
})

test('empty frames fill the queue too', () => {
  const channel = new FrameChannel(
    fakeStream([], () => new Promise(() => {})),
    OPTIONS,
  )
  let accepted = 0
  while (channel.send(new Uint8Array())) {
    accepted += 1
  }
  assert.equal(accepted, 16_384)
})

test('nothing is read while the handler of a frame is pending', async () => {
  let read = 0
  const source = (function* (): Generator<Uint8Array> {
    for (; read < 5; read++) {
      yield varint(1, read)
    }
  })()
  const release: (() => void)[] = []
  const running = new FrameChannel(fakeStream(source), OPTIONS).run(
    () => new Promise<void>((resolve) => release.push(resolve)),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(read, 0)
  for (let frame = 0; frame < 5; frame++) {
    release.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await running
  assert.equal(read, 5)
})

test('run rejects with what the stream breaks with, and with what the handler throws', async () => {
  const breaking = (async function* (): AsyncGenerator<Uint8Array> {
    yield varint(1, 0x61)
    throw new Error('reset')
  })()
  const channel = new FrameChannel(fakeStream(breaking), OPTIONS)
  await assert.rejects(
    channel.run(() => undefined),
    /reset/,
  )
  await assert.rejects(
    new FrameChannel(fakeStream([varint(1, 0x61)]), OPTIONS).run(() => {
      throw new Error('handler')
    }),
    /handler/,
  )
})

test('a write that fails breaks the whole stream', async () => {
  const stream = fakeStream([], async () => {
    throw new Error('reset')
  })
  const channel = new FrameChannel(stream, OPTIONS)
  await channel.close()
  assert.equal(stream.aborted[0]?.message, 'reset')
})

test('a closed channel takes no more frames', async () => {
  const channel = new FrameChannel(fakeStream([]), OPTIONS)
  await channel.close()
  assert.equal(channel.send(varint(1)), false)
})
