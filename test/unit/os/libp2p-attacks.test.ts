import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { KAD_PROTOCOL } from '../../../src/os/libp2p-kad.ts'
import { MAX_PENDING_INBOUND, NEGOTIATION_ALLOWANCE_BYTES, STREAM_WINDOW_BYTES } from '../../../src/os/libp2p-limits.ts'
import type { Network, NetworkStream } from '../../../src/system/network.ts'
import { type HostileConnection, HostilePeer } from '../../support/hostile-peer.ts'
import { loopbackNetwork, when } from '../../support/libp2p-world.ts'

const ECHO = '/test/echo/1.0.0'
const FLOOD = '/test/flood/1.0.0'
const LIMITS = { maxInboundStreamsPerPeer: 8, maxOutboundStreamsPerPeer: 8 }
const never = new AbortController().signal

async function echo(stream: NetworkStream): Promise<void> {
  await stream.sink(stream.source)
}

/** Runs `attack` against a node, and sees that an honest peer is served afterwards. */
async function withVictim(
  attack: (victim: Network, hostile: HostilePeer, connection: HostileConnection) => Promise<void>,
): Promise<void> {
  const victim = loopbackNetwork()
  victim.handle(ECHO, echo, LIMITS)
  await victim.start()
  const hostile = await HostilePeer.create()
  try {
    await attack(victim, hostile, await hostile.connect(victim))
    await assertServes(victim)
  } finally {
    await hostile.stop()
    await victim.stop()
  }
}

async function assertServes(victim: Network): Promise<void> {
  const honest = loopbackNetwork()
  await honest.start()
  const stream = await honest.dial({ peerId: victim.peerId, addresses: victim.addresses() }, ECHO, never)
  const sinking = stream.sink(
    (async function* () {
      yield Uint8Array.of(1, 2, 3)
    })(),
  )
  assert.deepEqual((await stream.source.next()).value, Uint8Array.of(1, 2, 3))
  await sinking
  await honest.stop()
}

test('a thousand half-open connections: the newest few are kept, an honest peer gets in, and all are closed in the end', async () => {
  const victim = loopbackNetwork()
  victim.handle(ECHO, echo, LIMITS)
  await victim.start()
  const { port } = new URL(victim.addresses()[0]!.replace(/^\/ip4\/([^/]+)\/tcp\/(\d+)$/, 'http://$1:$2'))
  const sockets: Socket[] = []
  const closed: Promise<unknown>[] = []
  let open = 0
  for (let i = 0; i < 1_000; i++) {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    socket.on('error', () => {})
    closed.push(new Promise((resolve) => socket.once('close', resolve)))
    await once(socket, 'connect')
    open += 1
    socket.once('close', () => {
      open -= 1
    })
    sockets.push(socket)
  }
  await assertServes(victim)
  assert.ok(open <= MAX_PENDING_INBOUND, `${open} are open`)
  assert.ok(open > 0)
  // The victim's handshake timeout closes the rest; nobody here does.
  await Promise.all(closed)
  await assertServes(victim)
  await victim.stop()
})

test('a yamux frame longer than a window ends the connection before its bytes are collected', () =>
  withVictim(async (_victim, _hostile, connection) => {
    connection.sendHeader({ type: 0, flag: 1, streamID: 99, length: 0xffffffff })
    await connection.closed
  }))

test('a frame of exactly a window is still a frame', () =>
  withVictim(async (_victim, _hostile, connection) => {
    const stream = await connection.connection.newStream(ECHO)
    const answered = new Promise<number>((resolve) => {
      let bytes = 0
      stream.addEventListener('message', (event) => {
        bytes += event.data.byteLength
        if (bytes === STREAM_WINDOW_BYTES) {
          resolve(bytes)
        }
      })
    })
    stream.send(new Uint8Array(STREAM_WINDOW_BYTES))
    assert.equal(await answered, STREAM_WINDOW_BYTES)
  }))

test('a stream that talks without ever agreeing on a protocol is reset', () =>
  withVictim(async (_victim, _hostile, { connection }) => {
    const inside = connection as unknown as { muxer: { createStream(): Promise<HostileStream> } }
    const stream = await inside.muxer.createStream()
    const reset = new Promise((resolve) => stream.addEventListener('close', resolve))
    // Well-formed but unknown protocols, each answered with `na`.
    const name = new TextEncoder().encode('\x13/multistream/1.0.0\n')
    stream.send(name)
    for (let sent = 0; sent < 2 * NEGOTIATION_ALLOWANCE_BYTES; sent += 5) {
      stream.send(new TextEncoder().encode('\x04abc\n'))
    }
    await reset
  }))

test('values and providers are refused by the DHT, peers are told', () =>
  withVictim(async (_victim, _hostile, { connection }) => {
    const key = new Uint8Array(32).fill(5)
    const PUT_VALUE = 0
    const ADD_PROVIDER = 2
    const FIND_NODE = 4
    for (const type of [PUT_VALUE, ADD_PROVIDER]) {
      const stream = await connection.newStream(KAD_PROTOCOL)
      const reset = new Promise<Event>((resolve) => stream.addEventListener('close', resolve))
      stream.send(kadMessage(type, key))
      assert.equal((await reset).type, 'close')
      assert.equal(stream.status, 'reset')
    }
    const stream = await connection.newStream(KAD_PROTOCOL)
    const answer = new Promise((resolve) => stream.addEventListener('message', resolve))
    stream.send(kadMessage(FIND_NODE, key))
    await answer
  }))

test('a peer that asks for much, grants endless windows and never reads has its connection reset', () =>
  withVictim(async (victim, _hostile, connection) => {
    let pulled = 0
    const broken = Promise.withResolvers<unknown>()
    victim.handle(
      FLOOD,
      async (stream) => {
        const endless = async function* (): AsyncGenerator<Uint8Array> {
          for (;;) {
            pulled += 65_536
            yield new Uint8Array(65_536)
          }
        }
        await stream.sink(endless()).catch(broken.resolve)
      },
      LIMITS,
    )
    const stream = await connection.connection.newStream(FLOOD)
    connection.stopReading()
    let open = true
    const gone = connection.closed.then(() => {
      open = false
    })
    void when(victim, () => victim.connectedPeers().length === 0).then(() => {
      open = false
    })
    for (let round = 0; open; round++) {
      assert.ok(round < 5_000, 'the connection is still there')
      for (let i = 0; i < 100; i++) {
        connection.sendHeader({ type: 1, flag: 0, streamID: Number(stream.id), length: 0x100000 })
        connection.sendHeader({ type: 2, flag: 1, streamID: 0, length: i })
      }
      await new Promise(setImmediate)
    }
    assert.ok((await broken.promise) instanceof Error)
    // What the kernel's socket buffers take is not ours; a few MiB on loopback.
    assert.ok(pulled < 32 * 1024 * 1024, `${pulled} bytes were pulled`)
    connection.connection.abort(new Error('the attack is over'))
    await gone
  }))

interface HostileStream extends EventTarget {
  send(bytes: Uint8Array): boolean
}

/** A length-prefixed kad-dht message with a type and a key (libp2p kad-dht spec, "RPC messages"). */
function kadMessage(type: number, key: Uint8Array): Uint8Array {
  const message = Uint8Array.of(0x08, type, 0x12, key.byteLength, ...key)
  return Uint8Array.of(message.byteLength, ...message)
}
