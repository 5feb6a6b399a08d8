import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { MailboxClient } from '../../../../src/protocol/mailbox/client.ts'
import { decodeRequest, encodeAnswer, encodeRequest, type Request } from '../../../../src/protocol/mailbox/messages.ts'
import {
  ANSWERS_MAX_BYTES,
  MAILBOX_PROTOCOL,
  OUTSTANDING_MAX_REQUESTS,
  WAITING_MAX_REQUESTS,
} from '../../../../src/protocol/mailbox/protocol.ts'
import type { RecordKeeper } from '../../../../src/protocol/mailbox/record-keeper.ts'
import { MailboxServer } from '../../../../src/protocol/mailbox/server.ts'
import type { NetworkStream } from '../../../../src/system/network.ts'
import { FrameChannel } from '../../../../src/util/frame-channel.ts'
import { MemoryWorld } from '../../../support/memory-network.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'
import { never, peerIdOf } from '../../node/record-world.ts'

const publicKey = new Uint8Array(32).fill(7)
const record = new Uint8Array(100).fill(1)
const limits = { maxInboundStreamsPerPeer: 8, maxOutboundStreamsPerPeer: 8 }
const channelOptions = { maxFrameBytes: 200_000, maxQueuedBytes: 4_000_000 }

/** A keeper under control of the test: answers wait until they are let go. */
class TestKeeper implements RecordKeeper {
  puts: [Uint8Array, string][] = []
  answers: Record<number, () => void> = {}
  found: Awaited<ReturnType<RecordKeeper['get']>> = record
  outcome: Awaited<ReturnType<RecordKeeper['put']>> = 'stored'
  holds = false
  gets = 0

  async put(bytes: Uint8Array, fromPeerId: string) {
    this.puts.push([bytes, fromPeerId])
    return this.outcome
  }

  async get() {
    const number = this.gets++
    if (this.holds) {
      await new Promise<void>((resolve) => {
        this.answers[number] = resolve
      })
    }
    return this.found
  }
}

describe('the mailbox protocol', () => {
  let clock: VirtualClock
  let world: MemoryWorld
  let violations: string[]
  let keeper: TestKeeper

  beforeEach(() => {
    clock = new VirtualClock()
    world = new MemoryWorld(clock)
    violations = []
    keeper = new TestKeeper()
  })

  const onViolation = (side: string) => (_peerId: string, reason: string) => violations.push(`${side}: ${reason}`)
  const carol = { peerId: peerIdOf('carol'), addresses: ['/memory/carol'] }

  async function serve() {
    const network = world.createNetwork(carol.peerId)
    const logger = new RecordingLogger('carol')
    const server = new MailboxServer(
      { clock, network, logger },
      { records: keeper, onViolation: onViolation('server') },
    )
    server.start()
    await network.start()
    return { network, server }
  }

  async function client(name = 'bob') {
    const network = world.createNetwork(peerIdOf(name))
    await network.start()
    const logger = new RecordingLogger(name)
    return { network, mailbox: new MailboxClient({ clock, network, logger }, { onViolation: onViolation('client') }) }
  }

  /** A peer that answers as the test says. */
  async function serveWith(handler: (stream: NetworkStream) => Promise<void>) {
    const network = world.createNetwork(carol.peerId)
    network.handle(MAILBOX_PROTOCOL, handler, limits)
    await network.start()
  }

  /** A peer that sends what the test says. */
  async function attack() {
    const { network } = await client('mallory')
    const stream = await clock.run(network.dial(carol, MAILBOX_PROTOCOL, never))
    let end: unknown = 'open'
    const frames: Uint8Array[] = []
    const channel = new FrameChannel(stream, channelOptions)
    channel
      .run((frame) => {
        frames.push(frame)
        return undefined
      })
      .then(
        () => {
          end = 'closed'
        },
        () => {
          end = 'broken'
        },
      )
    return { channel, frames, end: () => end, network }
  }

  it('stores and finds records', async () => {
    await serve()
    const { mailbox } = await client()
    assert.equal(await clock.run(mailbox.putRecord(carol, record, never)), 'stored')
    assert.deepEqual(keeper.puts, [[record, peerIdOf('bob')]])
    assert.deepEqual(await clock.run(mailbox.getRecord(carol, publicKey, never)), record)
    keeper.found = undefined
    assert.equal(await clock.run(mailbox.getRecord(carol, publicKey, never)), undefined)
  })

  it('passes on why a record or a question is refused', async () => {
    await serve()
    const { mailbox } = await client()
    keeper.outcome = 'older'
    assert.equal(await clock.run(mailbox.putRecord(carol, record, never)), 'older')
    keeper.found = 'rate-limited'
    await assert.rejects(clock.run(mailbox.getRecord(carol, publicKey, never)), { failure: 'refused' })
    assert.deepEqual(violations, [])
  })

  it('lets a keeper judge a record that is longer than any may be', async () => {
    await serve()
    const { mailbox } = await client()
    keeper.outcome = 'too-large'
    assert.equal(await clock.run(mailbox.putRecord(carol, new Uint8Array(90_000), never)), 'too-large')
  })

  it('answers requests of one stream in any order', async () => {
    keeper.holds = true
    await serve()
    const { mailbox } = await client()
    const order: number[] = []
    const gets = [0, 1, 2].map(async (i) => {
      await mailbox.getRecord(carol, publicKey, never)
      order.push(i)
    })
    await clock.advance(100)
    keeper.answers[2]?.()
    await clock.advance(100)
    keeper.answers[0]?.()
    await clock.advance(100)
    keeper.answers[1]?.()
    await clock.run(Promise.all(gets))
    assert.deepEqual(order, [2, 0, 1])
  })

  it('says `busy` when too many requests wait, and sends only as many as the answers have room', async () => {
    keeper.holds = true
    await serve()
    const { mailbox } = await client()
    await clock.run(mailbox.putRecord(carol, record, never))
    const gets = Array.from({ length: WAITING_MAX_REQUESTS + 100 }, () => mailbox.getRecord(carol, publicKey, never))
    const settled = Promise.allSettled(gets)
    await assert.rejects(clock.run(gets.at(-1)!), { name: 'MailboxError', failure: 'busy' })
    await clock.advance(10)
    assert.equal(keeper.gets, ANSWERS_MAX_BYTES / 32_768)
    keeper.holds = false
    for (const letGo of Object.values(keeper.answers)) {
      letGo()
    }
    const outcomes = await clock.run(settled)
    const found = outcomes.filter(({ status }) => status === 'fulfilled')
    assert.equal(found.length, WAITING_MAX_REQUESTS + ANSWERS_MAX_BYTES / 32_768)
    assert.deepEqual(violations, [])
  })

  it('closes a stream that was idle for two minutes and opens another when it is needed', async () => {
    const streams: NetworkStream[] = []
    const { network } = await serve()
    const { handler } = network.handlerOf(MAILBOX_PROTOCOL)!
    Object.assign(network.handlerOf(MAILBOX_PROTOCOL)!, {
      handler: (stream: NetworkStream) => {
        streams.push(stream)
        return handler(stream)
      },
    })
    const { mailbox } = await client()
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(await clock.run(mailbox.getRecord(carol, publicKey, never)), record)
      await clock.advance(100_000)
      assert.deepEqual(await clock.run(mailbox.getRecord(carol, publicKey, never)), record)
      assert.equal(streams.length, i + 1)
      await clock.advance(130_000)
    }
    assert.deepEqual(violations, [])
  })

  it('gives up on a peer that does not answer, breaks its stream, and tries anew the next time', async () => {
    keeper.holds = true
    await serve()
    const { mailbox } = await client()
    await assert.rejects(clock.run(mailbox.getRecord(carol, publicKey, never)), { failure: 'timeout' })
    keeper.holds = false
    assert.deepEqual(await clock.run(mailbox.getRecord(carol, publicKey, never)), record)
  })

  it('repeats a request on a new stream when the old one turns out to be dead', async () => {
    await serve()
    const { mailbox } = await client()
    await clock.run(mailbox.getRecord(carol, publicKey, never))
    keeper.holds = true
    const answer = mailbox.getRecord(carol, publicKey, never)
    await clock.advance(5)
    keeper.holds = false
    world.setPartitioned(carol.peerId, peerIdOf('bob'), true)
    world.setPartitioned(carol.peerId, peerIdOf('bob'), false)
    assert.deepEqual(await clock.run(answer), record)
  })

  it('tells that a peer cannot be reached', async () => {
    const { mailbox } = await client()
    await assert.rejects(clock.run(mailbox.getRecord(carol, publicKey, never)), { name: 'DialError' })
    await serve()
    assert.deepEqual(await clock.run(mailbox.getRecord(carol, publicKey, never)), record)
  })

  it("rejects with the signal's reason, and leaves the stream to the others", async () => {
    keeper.holds = true
    await serve()
    const { mailbox } = await client()
    const controller = new AbortController()
    const impatient = mailbox.getRecord(carol, publicKey, controller.signal)
    const patient = mailbox.getRecord(carol, publicKey, never)
    await clock.advance(10)
    controller.abort(new Error('enough'))
    await assert.rejects(impatient, /enough/)
    keeper.answers[0]?.()
    keeper.answers[1]?.()
    assert.deepEqual(await clock.run(patient), record)
    await assert.rejects(mailbox.getRecord(carol, publicKey, controller.signal), /enough/)
  })

  it('ends what is under way when either side stops', async () => {
    keeper.holds = true
    const { server } = await serve()
    const { mailbox } = await client()
    const first = mailbox.getRecord(carol, publicKey, never)
    await clock.advance(10)
    await Promise.all([assert.rejects(first, { failure: 'stopped' }), clock.run(mailbox.stop())])
    await assert.rejects(mailbox.getRecord(carol, publicKey, never), { failure: 'stopped' })
    const other = await client('dora')
    const second = other.mailbox.getRecord(carol, publicKey, never)
    await clock.advance(10)
    await Promise.all([assert.rejects(second, { failure: 'broken' }), clock.run(server.stop())])
    await clock.run(other.mailbox.stop())
    for (const letGo of Object.values(keeper.answers)) {
      letGo()
    }
    await clock.advance(600_000)
    assert.equal(clock.pendingTimers, 0)
  })

  const lies: [string, string, (request: Request) => Uint8Array][] = [
    ['garbage', 'malformed', () => Uint8Array.of(0xff, 0xff)],
    ['an answer with nothing in it', 'malformed', () => Uint8Array.of(8, 1)],
    ['an answer nobody asked for', 'unexpected-answer', ({ id }) => encodeAnswer({ id: id + 1, notFound: {} })],
    ['an answer to another kind of question', 'unexpected-answer', ({ id }) => encodeAnswer({ id, stored: {} })],
    ['a frame that is too long', 'frame-too-large', () => new Uint8Array(100_000)],
  ]
  for (const [what, reason, lie] of lies) {
    it(`breaks with a custodian that sends ${what}, and counts it`, async () => {
      await serveWith((stream) => {
        const channel = new FrameChannel(stream, channelOptions)
        return channel.run((frame) => {
          channel.send(lie(decodeRequest(frame)))
          return undefined
        })
      })
      const { mailbox } = await client()
      await assert.rejects(clock.run(mailbox.getRecord(carol, publicKey, never)), { failure: 'violation' })
      assert.deepEqual(violations, [`client: ${reason}`])
    })
  }

  it('breaks with a peer that has too many requests outstanding', async () => {
    keeper.holds = true
    await serve()
    const { channel, end } = await attack()
    for (let id = 0; id <= OUTSTANDING_MAX_REQUESTS; id++) {
      channel.send(encodeRequest({ id, getRecord: { publicKey } }))
    }
    await clock.advance(100)
    assert.equal(end(), 'broken')
    assert.equal(keeper.gets, OUTSTANDING_MAX_REQUESTS)
    assert.deepEqual(violations, ['server: too-many-requests'])
  })

  it('breaks with a peer that uses a request id twice at once', async () => {
    keeper.holds = true
    await serve()
    const { channel, end } = await attack()
    channel.send(encodeRequest({ id: 1, getRecord: { publicKey } }))
    channel.send(encodeRequest({ id: 1, getRecord: { publicKey } }))
    await clock.advance(100)
    assert.equal(end(), 'broken')
    assert.deepEqual(violations, ['server: repeated-request'])
  })

  it('breaks with a peer that announces a frame of 2^32 bytes, before any of them comes', async () => {
    await serve()
    const { network } = await client('mallory')
    const stream = await clock.run(network.dial(carol, MAILBOX_PROTOCOL, never))
    const endless = async function* () {
      yield Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x10)
      await new Promise(() => {})
    }
    const sent = assert.rejects(stream.sink(endless()))
    await clock.advance(100)
    await sent
    assert.deepEqual(violations, ['server: frame-too-large'])
  })

  it('breaks with a peer that asks and never reads, holding no more than a bounded queue', async () => {
    await serve()
    keeper.found = new Uint8Array(32_000)
    const { network } = await client('mallory')
    const stream = await clock.run(network.dial(carol, MAILBOX_PROTOCOL, never))
    const channel = new FrameChannel(stream, channelOptions)
    for (let id = 0; id < 200; id++) {
      channel.send(encodeRequest({ id, getRecord: { publicKey } }))
      await clock.advance(10)
    }
    assert.deepEqual(violations, ['server: slow-reader'])
    assert.ok(keeper.gets < 60, `${keeper.gets} answered`)
  })

  it('closes a stream on which nothing is asked', async () => {
    await serve()
    const { end } = await attack()
    await clock.advance(301_000)
    assert.equal(end(), 'closed')
    assert.deepEqual(violations, [])
  })

  it('breaks only the stream of a request its keeper fails on', async () => {
    await serve()
    const { mailbox } = await client()
    keeper.get = () => Promise.reject(new Error('a bug'))
    await assert.rejects(clock.run(mailbox.getRecord(carol, publicKey, never)), { failure: 'broken' })
    assert.equal(await clock.run(mailbox.putRecord(carol, record, never)), 'stored')
    assert.deepEqual(violations, [])
  })
})
