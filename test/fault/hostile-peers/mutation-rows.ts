import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { SeededRandom } from '../../../sim/system/seeded-random.ts'
import type { HostileConnection } from '../../support/hostile-peer.ts'
import type { Row } from '../hostile/row.ts'
import type { VictimNode } from '../hostile/world.ts'
import { type Attackers, percentiles } from './attackers.ts'

const FRAMES = 1_000_000
const FRAMES_PER_BATCH = 250
const CONNECTIONS_MAX = 20_000
const NOISE_CONNECTIONS = 100
/** At least one frame of Noise is whole in so many bytes, whatever length it claims. */
const NOISE_FRAME_MAX_BYTES = 65_537
const MULTISTREAM_STREAMS = 4_000
const STREAMS_AT_ONCE = 40

interface Play {
  readonly node: VictimNode
  readonly attackers: Attackers
  readonly random: SeededRandom
}

/** L3: mutated frames of all layers. The process must live; the connection need not. */
export function mutationRows(play: Play): readonly Row[] {
  return [yamuxRow(play), noiseRow(play), multistreamRow(play)]
}

function yamuxRow({ node, attackers, random }: Play): Row {
  return {
    id: 'L3 yamux',
    sent: `${FRAMES} mutated yamux frames after a valid handshake`,
    must: 'the connection may die, the node lives and answers',
    run: async () => {
      let sent = 0
      let connections = 0
      const { pid } = node
      const times = await attackers.honestRoundTrips(async () => {
        const peer = await attackers.peer()
        while (sent < FRAMES && connections < CONNECTIONS_MAX) {
          const connection = await attackers.connect(peer)
          connections += 1
          while (connection?.connection.status === 'open' && sent < FRAMES) {
            sent += await sendMutated(connection, random)
          }
        }
      })
      process.kill(pid, 0)
      assert.ok(sent >= FRAMES, `${sent} frames were sent`)
      return `${sent} frames on ${connections} connections, an honest peer ${percentiles(times)}`
    },
  }
}

/** A batch of frames: types, flags, ids and lengths of the protocol and next to it, some with data. */
async function sendMutated(connection: HostileConnection, random: SeededRandom): Promise<number> {
  for (let made = 0; made < FRAMES_PER_BATCH; made++) {
    const isWild = random.uniform(200) === 0
    const length = isWild ? random.uniform(2 ** 32) : random.uniform(64)
    const header = {
      version: random.uniform(2_000) === 0 ? random.uniform(256) : 0,
      type: random.uniform(isWild ? 256 : 4),
      flag: isWild ? random.uniform(65_536) : random.uniform(16),
      streamID: random.uniform(isWild ? 2 ** 32 : 300),
      length,
    }
    try {
      connection.sendRawFrame(header, header.type === 0 && length < 1_024 ? random.bytes(length) : new Uint8Array(0))
    } catch {
      // The victim has broken the connection.
      break
    }
  }
  await new Promise(setImmediate)
  return FRAMES_PER_BATCH
}

function noiseRow({ node, attackers, random }: Play): Row {
  return {
    id: 'L3 noise',
    sent: `${NOISE_CONNECTIONS} connections with random bytes in place of the handshake, and as many behind a valid one`,
    must: 'the connection dies, the node lives and answers',
    run: async () => {
      const times = await attackers.honestRoundTrips(async () => {
        const peer = await attackers.peer()
        const strange = Array.from({ length: NOISE_CONNECTIONS }, () => strangeHandshake(node, random))
        for (let made = 0; made < NOISE_CONNECTIONS; made++) {
          const connection = await attackers.connect(peer)
          connection?.sendUnencrypted(random.bytes(NOISE_FRAME_MAX_BYTES))
          await connection?.closed
        }
        await Promise.all(strange)
      })
      process.kill(node.pid, 0)
      return `all were closed, an honest peer ${percentiles(times)}`
    },
  }
}

/** Resolves when the victim has closed the socket. */
async function strangeHandshake(node: VictimNode, random: SeededRandom): Promise<void> {
  const [, host = '', port = ''] = /\/ip4\/([^/]+)\/tcp\/(\d+)/u.exec(node.addresses[0] ?? '') ?? []
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const hello = new TextEncoder().encode('\x13/multistream/1.0.0\n\x07/noise\n')
  if (random.uniform(2) === 0) {
    socket.write(hello)
  }
  socket.write(random.bytes(1 + random.uniform(2_048)))
  socket.end()
  socket.resume()
  await closed
}

function multistreamRow({ node, attackers, random }: Play): Row {
  return {
    id: 'L3 names',
    sent: `${MULTISTREAM_STREAMS} streams with mutated multistream-select messages`,
    must: 'the stream dies, the node lives and answers',
    run: async () => {
      const times = await attackers.honestRoundTrips(async () => {
        const peer = await attackers.peer()
        for (let made = 0; made < MULTISTREAM_STREAMS; made += STREAMS_AT_ONCE) {
          const open = peer.libp2p.getConnections()[0]
          const connection = open === undefined ? await attackers.connect(peer) : undefined
          const streams = Array.from({ length: STREAMS_AT_ONCE }, () =>
            strangeNames(open ?? connection?.connection, random),
          )
          await Promise.allSettled(streams)
        }
      })
      process.kill(node.pid, 0)
      return `an honest peer ${percentiles(times)}`
    },
  }
}

/** A stream below the negotiation of libp2p, with a flipped, cut or repeated message on it. */
async function strangeNames(
  connection: HostileConnection['connection'] | undefined,
  random: SeededRandom,
): Promise<void> {
  const inside = connection as unknown as { muxer: { createStream(): Promise<RawStream> } }
  const stream = await inside.muxer.createStream()
  const message = new TextEncoder().encode('\x13/multistream/1.0.0\n\x11/ipfs/ping/1.0.0\n')
  const at = random.uniform(message.length)
  const mutated = Uint8Array.from(message)
  mutated[at] = random.uniform(256)
  stream.send(random.uniform(3) === 0 ? message.subarray(0, at) : mutated)
  await new Promise(setImmediate)
  stream.abort(new Error('it was sent'))
}

interface RawStream {
  send(bytes: Uint8Array): boolean
  abort(error: Error): void
}
