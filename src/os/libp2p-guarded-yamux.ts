import type { MessageStream, Stream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { assert } from '../util/assert.ts'
import {
  CONNECTION_WRITE_BUFFER_BYTES,
  MAX_YAMUX_PINGS,
  STREAM_WINDOW_BYTES,
  YAMUX_PING_INTERVAL_MS,
} from './libp2p-limits.ts'

/** Bytes that a stream of each protocol may receive in its life; the empty name is a stream not yet negotiated. */
export type ReceiveAllowances = ReadonlyMap<string, number>

const HEADER_BYTES = 12
const DATA_FRAME = 0
const PING_FRAME = 2

/** What this file uses of a muxer of @libp2p/yamux 8.0 that its types hide. */
interface YamuxInside {
  readonly decoder: { readonly buffer: { byteLength: number; subarray(from: number, to: number): Uint8Array } } & {
    readFrame(): unknown
  }
  _newStream(...args: unknown[]): Stream & { onData(data: { byteLength: number }): void }
}

/**
 * Yamux with the bounds that @libp2p/yamux 8.0 lacks: what a peer that never reads makes us hold is limited, a data frame is at most a window long (its decoder would collect
 * up to 4 GiB before it looks), pings are few (each costs an encrypted answer: 5,400 fit into one read of a socket, which held
 * the event loop up for 0.9 s), and a stream of a protocol that libp2p itself handles carries only so many bytes
 * (its readers buffer up to 4 MiB each).
 */
export function guardedYamux(init: YamuxMuxerInit, allowances: ReceiveAllowances): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection: MessageStream) => {
        // The encrypted stream holds what the connection below it does not take, without a bound of its own.
        connection.maxWriteBufferLength = CONNECTION_WRITE_BUFFER_BYTES
        const muxer = factory.createStreamMuxer(connection)
        guard(muxer as unknown as YamuxInside, allowances)
        return muxer
      },
    }
  }
}

function guard(muxer: YamuxInside, allowances: ReceiveAllowances): void {
  const { decoder } = muxer
  assert(typeof decoder?.readFrame === 'function' && typeof muxer._newStream === 'function', 'yamux has changed inside')
  const readFrame = decoder.readFrame.bind(decoder)
  const takePing = pingBudget()
  decoder.readFrame = () => {
    assertFrameFits(decoder.buffer, takePing)
    return readFrame()
  }
  const newStream = muxer._newStream.bind(muxer)
  muxer._newStream = (...args) => {
    const stream = newStream(...args)
    limitReceived(stream, allowances)
    return stream
  }
}

/** Throws, which ends the connection, if the next frame is longer than any window, or one ping too many. */
function assertFrameFits(
  buffer: { byteLength: number; subarray(from: number, to: number): Uint8Array },
  takePing: () => boolean,
): void {
  if (buffer.byteLength < HEADER_BYTES) {
    return
  }
  const header = buffer.subarray(0, HEADER_BYTES)
  const lengthBytes = new DataView(header.buffer, header.byteOffset, HEADER_BYTES).getUint32(8)
  if (header[1] === DATA_FRAME && lengthBytes > STREAM_WINDOW_BYTES) {
    throw new Error(`a yamux frame of ${lengthBytes} bytes`)
  }
  if (header[1] === PING_FRAME && !takePing()) {
    throw new Error('too many pings of yamux')
  }
}

/** Says of each ping whether it may still be: so many at once, and one more each `YAMUX_PING_INTERVAL_MS`. */
function pingBudget(): () => boolean {
  let spentMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = performance.now()
    spentMs = Math.max(spentMs, nowMs - MAX_YAMUX_PINGS * YAMUX_PING_INTERVAL_MS) + YAMUX_PING_INTERVAL_MS
    return spentMs <= nowMs
  }
}

function limitReceived(
  stream: Stream & { onData(data: { byteLength: number }): void },
  allowances: ReceiveAllowances,
): void {
  let receivedBytes = 0
  const onData = stream.onData.bind(stream)
  stream.onData = (data) => {
    receivedBytes += data.byteLength
    const allowanceBytes = allowances.get(stream.protocol) ?? Number.POSITIVE_INFINITY
    if (receivedBytes > allowanceBytes) {
      stream.abort(
        new Error(`more than ${allowanceBytes} bytes on a stream of ${stream.protocol || 'no protocol yet'}`),
      )
      return
    }
    onData(data)
  }
}
