import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { BufferBudget } from '../../../src/os/libp2p-buffer-budget.ts'
import { CLOSE_TIMEOUT_MS, MAX_WRITE_BATCH_BYTES, READ_HIGH_WATER_BYTES } from '../../../src/os/libp2p-limits.ts'
import { Libp2pStream } from '../../../src/os/libp2p-stream.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

/** A libp2p stream cut down to what ours touches; a test plays the remote. */
class FakeStream extends EventTarget {
  readonly direction = 'outbound'
  status = 'open'
  readStatus = 'readable'
  remoteWriteStatus = 'writable'
  writableNeedsDrain = false
  writeBufferLength = 0
  readonly sent: Uint8Array[] = []
  /** Bytes held while paused. */
  #held: Uint8Array[] = []

  receive(bytes: Uint8Array): void {
    if (this.readStatus === 'paused') {
      this.#held.push(bytes)
    } else {
      this.dispatchEvent(Object.assign(new Event('message'), { data: bytes }))
    }
  }

  /** Whether yamux grants the remote window for what it sends. */
  granting = true

  pause(): void {
    this.readStatus = 'paused'
    this.granting = false
  }

  /** As libp2p: first it delivers what is held, in one piece, and then grants window, even if paused again meanwhile. */
  resume(): void {
    this.readStatus = 'readable'
    const held = Buffer.concat(this.#held)
    this.#held = []
    if (held.byteLength > 0) {
      this.receive(held)
    }
    this.granting = true
    this.resumes += 1
  }

  resumes = 0

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes)
    return !this.writableNeedsDrain
  }

  drain(): void {
    this.writableNeedsDrain = false
    this.dispatchEvent(new Event('drain'))
  }

  async close(): Promise<void> {}
  async closeRead(): Promise<void> {}

  abort(error: Error): void {
    if (this.status === 'open') {
      this.status = 'aborted'
      this.dispatchEvent(Object.assign(new Event('close'), { error }))
    }
  }

  endByRemote(): void {
    this.remoteWriteStatus = 'closed'
    this.dispatchEvent(new Event('remoteCloseWrite'))
  }
}

function open(budgetBytes = 10 * 1024 * 1024): {
  fake: FakeStream
  stream: Libp2pStream
  budget: BufferBudget
  clock: VirtualClock
} {
  const fake = new FakeStream()
  const budget = new BufferBudget(budgetBytes)
  const clock = new VirtualClock()
  const stream = new Libp2pStream(fake as unknown as Stream, { peerId: 'peer', path: 'direct' }, { clock, budget })
  return { fake, stream, budget, clock }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is written in one turn of the event loop goes out at once', async () => {
  const { fake, stream } = open()
  const gate = Promise.withResolvers<void>()
  const sinking = stream.sink(
    (async function* () {
      yield Uint8Array.of(1)
      yield Uint8Array.of(2)
      yield Uint8Array.of(3)
      await gate.promise
      yield Uint8Array.of(4)
    })(),
  )
  await turn()
  await turn()
  assert.deepEqual(fake.sent, [Uint8Array.of(1, 2, 3)])
  gate.resolve()
  await sinking
  assert.deepEqual(fake.sent[1], Uint8Array.of(4))
})

test('a large chunk goes out in batches, none larger than the limit', async () => {
  const { fake, stream } = open()
  await stream.sink(
    (async function* () {
      yield Uint8Array.of(9)
      yield new Uint8Array(3 * MAX_WRITE_BATCH_BYTES)
    })(),
  )
  assert.equal(
    fake.sent.reduce((sum, part) => sum + part.byteLength, 0),
    1 + 3 * MAX_WRITE_BATCH_BYTES,
  )
  assert.ok(fake.sent.every((part) => part.byteLength <= MAX_WRITE_BATCH_BYTES))
})

test('while the transport is full nothing is pulled, every time it is', async () => {
  const { fake, stream, budget } = open()
  let pulled = 0
  const sinking = stream.sink(
    (async function* () {
      for (; pulled < 40; pulled++) {
        yield new Uint8Array(MAX_WRITE_BATCH_BYTES)
      }
    })(),
  )
  for (let round = 0; round < 10; round++) {
    fake.writableNeedsDrain = true
    for (let i = 0; i < 5; i++) {
      await turn()
    }
    const before = pulled
    await turn()
    assert.equal(pulled, before)
    fake.drain()
    await turn()
  }
  await sinking
  assert.equal(pulled, 40)
  assert.equal(budget.usedBytes, 0)
})

test('a slow reader pauses the stream again and again, and loses nothing', async () => {
  const { fake, stream, budget } = open()
  let pauses = 0
  const pause = fake.pause.bind(fake)
  fake.pause = () => {
    pauses += 1
    pause()
  }
  const chunk = new Uint8Array(READ_HIGH_WATER_BYTES / 4)
  let read = 0
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10; i++) {
      fake.receive(chunk)
    }
    read += (await stream.source.next()).value!.byteLength
    assert.equal(fake.granting, fake.readStatus === 'readable')
  }
  fake.endByRemote()
  for await (const bytes of stream.source) {
    read += bytes.byteLength
  }
  assert.equal(read, 200 * chunk.byteLength)
  assert.ok(pauses > 1 && fake.resumes >= pauses)
  assert.equal(budget.usedBytes, 0)
})

test('the stream that would exceed the common budget is reset, and its bytes are given back', async () => {
  const { fake, stream, budget } = open(10_000)
  fake.receive(new Uint8Array(9_000))
  assert.ok(budget.usedBytes > 9_000)
  fake.receive(new Uint8Array(9_000))
  assert.equal(fake.status, 'aborted')
  await assert.rejects(stream.source.next(), /too many unread bytes/)
  assert.equal(budget.usedBytes, 0)
})

test('many tiny chunks are not free', () => {
  const { fake } = open(100_000)
  for (let i = 0; i < 1_000; i++) {
    fake.receive(Uint8Array.of(1))
  }
  assert.equal(fake.status, 'aborted')
})

test('a connection that ends without the end of the stream is an error, after the end it is not', async () => {
  const [cut, ended] = [open(), open()]
  cut.fake.dispatchEvent(new Event('close'))
  await assert.rejects(cut.stream.source.next(), /the connection was closed/)
  ended.fake.receive(Uint8Array.of(5))
  ended.fake.endByRemote()
  ended.fake.dispatchEvent(new Event('close'))
  assert.deepEqual((await ended.stream.source.next()).value, Uint8Array.of(5))
  assert.equal((await ended.stream.source.next()).done, true)
})

test('a source that throws breaks the stream', async () => {
  const { fake, stream } = open()
  const reason = new Error('serializer bug')
  // biome-ignore lint/correctness/useYield: it fails before it has anything to say
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    throw reason
  }
  await assert.rejects(stream.sink(failing()), (error) => error === reason)
  assert.equal(fake.status, 'aborted')
})

test('a closed stream whose remote never closes, or never reads, is reset after a while', async () => {
  const [silent, full] = [open(), open()]
  await silent.stream.close()
  assert.equal(silent.fake.status, 'open')
  await silent.clock.advance(CLOSE_TIMEOUT_MS)
  assert.equal(silent.fake.status, 'aborted')

  full.fake.writableNeedsDrain = true
  await full.clock.run(full.stream.close())
  assert.equal(full.fake.status, 'aborted')
})

test('a reader that leaves early gives everything back', async () => {
  const { fake, stream, budget } = open()
  fake.receive(new Uint8Array(50_000))
  fake.receive(new Uint8Array(50_000))
  for await (const _ of stream.source) {
    break
  }
  fake.receive(new Uint8Array(50_000))
  assert.equal(budget.usedBytes, 0)
})

test('a stream that was reset before anybody listened has broken, not ended', async () => {
  const fake = new FakeStream()
  fake.status = 'reset'
  fake.remoteWriteStatus = 'closed'
  const components = { clock: new VirtualClock(), budget: new BufferBudget(1024) }
  const stream = new Libp2pStream(fake as unknown as Stream, { peerId: 'peer', path: 'direct' }, components)
  await assert.rejects(stream.source.next(), /reset/)
})
