import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { loopbackNetwork } from '../support/libp2p-world.ts'

/** What a byte stream between two ends on loopback does with messages of one size. */
export interface Floor {
  readonly name: string
  readonly roundTripP50Ms: number
  readonly roundTripP99Ms: number
  /** Messages a second in one direction, each written by itself. */
  readonly messagesPerSecond: number
}

/** A stream both of whose ends are in this process; `send` resolves when there is room for more. */
interface Duplex {
  send(bytes: Uint8Array): Promise<void>
  /** Called with the number of bytes that came back from the echo or arrived at the sink. */
  onReceived: (bytes: number) => void
  close(): Promise<void>
}

const ROUND_TRIPS = 2_000
const ONE_WAY_MESSAGES = 50_000
const ECHO = '/bench/echo/1.0.0'
const SINK = '/bench/sink/1.0.0'

/** Round trips one after the other, then one way as fast as backpressure allows. */
async function measure(
  name: string,
  sizeBytes: number,
  open: (mode: 'echo' | 'sink') => Promise<Duplex>,
): Promise<Floor> {
  const message = new Uint8Array(sizeBytes).fill(0x78)
  const echo = await open('echo')
  const times: number[] = []
  for (let i = 0; i < ROUND_TRIPS + ROUND_TRIPS / 10; i++) {
    const startMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      let missing = sizeBytes
      echo.onReceived = (bytes) => {
        missing -= bytes
        if (missing === 0) {
          resolve()
        }
      }
      echo.send(message).catch(reject)
    })
    if (i >= ROUND_TRIPS / 10) {
      times.push(performance.now() - startMs)
    }
  }
  await echo.close()
  times.sort((left, right) => left - right)
  const messagesPerSecond = await measureOneWay(message, await open('sink'))
  return {
    name,
    roundTripP50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    roundTripP99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    messagesPerSecond,
  }
}

async function measureOneWay(message: Uint8Array, sink: Duplex): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = ONE_WAY_MESSAGES * message.byteLength
  sink.onReceived = (bytes) => {
    missing -= bytes
    if (missing === 0) {
      resolve()
    }
  }
  const startMs = performance.now()
  for (let i = 0; i < ONE_WAY_MESSAGES; i++) {
    await sink.send(message)
  }
  await promise
  const seconds = (performance.now() - startMs) / 1_000
  await sink.close()
  return ONE_WAY_MESSAGES / seconds
}

/** node:net on loopback, no delay. */
export function measureTcp(sizeBytes: number): Promise<Floor> {
  return measure('raw TCP', sizeBytes, async (mode) => {
    const duplex: Duplex = { onReceived: () => {}, send: async () => {}, close: async () => {} }
    const accepted: Socket[] = []
    const server = createServer({ noDelay: true }, (socket) => {
      accepted.push(socket)
      socket.on('data', (bytes) => (mode === 'echo' ? socket.write(bytes) : duplex.onReceived(bytes.byteLength)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect({ ...(server.address() as { port: number }), host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    if (mode === 'echo') {
      socket.on('data', (bytes) => duplex.onReceived(bytes.byteLength))
    }
    duplex.send = async (bytes) => {
      if (!socket.write(bytes)) {
        await once(socket, 'drain')
      }
    }
    duplex.close = async () => {
      socket.destroy()
      for (const other of accepted) {
        other.destroy()
      }
      server.close()
      await once(server, 'close')
    }
    return duplex
  })
}

/** A stream of libp2p with TCP, Noise and yamux as they come, one `send` a message. */
export function measureRawLibp2p(sizeBytes: number): Promise<Floor> {
  return measure('raw libp2p stream', sizeBytes, async (mode) => {
    const duplex: Duplex = { onReceived: () => {}, send: async () => {}, close: async () => {} }
    const [dialler, listener] = await Promise.all([plainLibp2p(), plainLibp2p()])
    await listener.handle([ECHO, SINK], (stream) => {
      stream.addEventListener('message', ({ data }) => {
        if (mode === 'echo') {
          stream.send(data.subarray())
        } else {
          duplex.onReceived(data.byteLength)
        }
      })
    })
    const stream: Stream = await dialler.dialProtocol(listener.getMultiaddrs(), mode === 'echo' ? ECHO : SINK)
    if (mode === 'echo') {
      stream.addEventListener('message', ({ data }) => duplex.onReceived(data.byteLength))
    }
    duplex.send = async (bytes) => {
      if (!stream.send(bytes)) {
        await once(stream, 'drain')
      }
    }
    duplex.close = async () => {
      stream.abort(new Error('done'))
      await Promise.all([dialler.stop(), listener.stop()])
    }
    return duplex
  })
}

/** Our own network over the same: what its backpressure and coalescing cost and save. */
export function measureNetwork(sizeBytes: number): Promise<Floor> {
  return measure('Libp2pNetwork stream', sizeBytes, async (mode) => {
    const duplex: Duplex = { onReceived: () => {}, send: async () => {}, close: async () => {} }
    const [dialler, listener] = [loopbackNetwork(), loopbackNetwork()]
    const limits = { maxInboundStreamsPerPeer: 1, maxOutboundStreamsPerPeer: 1 }
    listener.handle(ECHO, (stream) => stream.sink(stream.source), limits)
    listener.handle(
      SINK,
      async (stream) => {
        for await (const bytes of stream.source) {
          duplex.onReceived(bytes.byteLength)
        }
      },
      limits,
    )
    await Promise.all([dialler.start(), listener.start()])
    const target = { peerId: listener.peerId, addresses: listener.addresses() }
    const stream = await dialler.dial(target, mode === 'echo' ? ECHO : SINK, AbortSignal.timeout(10_000))
    const outbox = new Outbox()
    const sinking = stream.sink(outbox.messages()).catch(() => {})
    if (mode === 'echo') {
      void (async () => {
        for await (const bytes of stream.source) {
          duplex.onReceived(bytes.byteLength)
        }
      })().catch(() => {})
    }
    duplex.send = (bytes) => outbox.put(bytes)
    duplex.close = async () => {
      stream.abort(new Error('done'))
      await sinking
      await Promise.all([dialler.stop(), listener.stop()])
    }
    return duplex
  })
}

/** Hands single messages to a sink; `put` waits while a thousand are unsent. */
class Outbox {
  readonly #queue: Uint8Array[] = []
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  async put(message: Uint8Array): Promise<void> {
    this.#queue.push(message)
    this.#wakeReader?.()
    if (this.#queue.length >= 1_000) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve
      })
    }
  }

  async *messages(): AsyncGenerator<Uint8Array> {
    while (true) {
      const message = this.#queue.shift()
      if (message === undefined) {
        this.#wakeWriter?.()
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      } else {
        yield message
      }
    }
  }
}

function plainLibp2p(): ReturnType<typeof createLibp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  })
}

/** One line a floor, for people. */
export function describeFloor({ name, roundTripP50Ms, roundTripP99Ms, messagesPerSecond }: Floor): string {
  const times = `${roundTripP50Ms.toFixed(3)} ms p50, ${roundTripP99Ms.toFixed(3)} ms p99`
  return `${name.padEnd(22)} round trip ${times}; one way ${Math.round(messagesPerSecond)} messages/s`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizeBytes = Number(process.argv[2] ?? 300)
  console.log(`${sizeBytes}-byte messages, both ends in one process`)
  for (const run of [measureTcp, measureRawLibp2p, measureNetwork]) {
    console.log(describeFloor(await run(sizeBytes)))
  }
}
