import type { MessageStream, Stream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { assert } from '../util/assert.ts'
import {
  CONNECTION_WRITE_BUFFER_BYTES,
  MAX_NEW_STREAMS_PER_TURN,
  MAX_YAMUX_PINGS,
  STREAM_WINDOW_BYTES,
  YAMUX_PING_INTERVAL_MS,
} from './libp2p-limits.ts'
import { TurnBudget } from './turn-budget.ts'

/** Bytes that a stream of each protocol may receive in its life; the empty name is a stream not yet negotiated. */
export type ReceiveAllowances = ReadonlyMap<string, number>

const HEADER_BYTES = 12
const DATA_FRAME = 0
const PING_FRAME = 2
/** The lower byte of a header's flags, and the one in it that opens a stream. */
const FLAGS_AT = 3
const SYN_FLAG = 1

/** What libp2p's types hide of the connection below the muxer. */
type Wire = MessageStream & { readonly readStatus: 'readable' | 'paused' | 'closing' | 'closed' }

/** What was read and is not yet decoded. */
interface Unread {
  readonly byteLength: number
  subarray(from?: number, to?: number): Uint8Array
  consume(bytes: number): void
}

/** What this file uses of a muxer of @libp2p/yamux 8.0 that its types hide. */
interface YamuxInside {
  readonly status: 'open' | 'closing' | 'closed'
  readonly decoder: { readonly buffer: Unread; readFrame(): unknown }
  _newStream(...args: unknown[]): Stream & { onData(data: { byteLength: number }): void }
}

/**
 * Yamux with the bounds that @libp2p/yamux 8.0 lacks: what a peer that never reads makes us hold is limited, a data frame is
 * at most a window long (its decoder would collect up to 4 GiB before it looks), pings are few (each costs an encrypted answer:
 * 5,400 fit into one read of a socket, which held the event loop up for 0.9 s), streams that peers open are begun a few in each
 * turn of the event loop (900 fit into one read: 0.3 s), and a stream of a protocol that libp2p itself handles carries only so
 * many bytes (its readers buffer up to 4 MiB each).
 */
export function guardedYamux(init: YamuxMuxerInit, allowances: ReceiveAllowances): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    const newStreams = new TurnBudget(MAX_NEW_STREAMS_PER_TURN)
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection: MessageStream) => {
        // The encrypted stream holds what the connection below it does not take, without a bound of its own.
        connection.maxWriteBufferLength = CONNECTION_WRITE_BUFFER_BYTES
        const muxer = factory.createStreamMuxer(connection)
        guard(muxer as unknown as YamuxInside, connection as Wire, newStreams, allowances)
        return muxer
      },
    }
  }
}

function guard(muxer: YamuxInside, wire: Wire, newStreams: TurnBudget, allowances: ReceiveAllowances): void {
  const { decoder } = muxer
  assert(typeof decoder?.readFrame === 'function' && typeof muxer._newStream === 'function', 'yamux has changed inside')
  const readFrame = decoder.readFrame.bind(decoder)
  const takePing = pingBudget()
  const resume = (): void => {
    if (wire.readStatus === 'paused' && muxer.status !== 'closed') {
      try {
        wire.resume()
      } catch (error) {
        // The socket below was closed meanwhile.
        wire.abort(new Error('closed while its streams waited', { cause: error }))
      }
    }
  }
  decoder.readFrame = () => {
    const header = nextHeader(decoder.buffer)
    if (header === undefined) {
      return undefined
    }
    assertFrameFits(header, takePing)
    if (opensStream(header) && !newStreams.take(resume)) {
      putBack(decoder.buffer, wire)
      return undefined
    }
    return readFrame()
  }
  const newStream = muxer._newStream.bind(muxer)
  muxer._newStream = (...args) => {
    const stream = newStream(...args)
    limitReceived(stream, allowances)
    return stream
  }
}

function nextHeader(buffer: Unread): Uint8Array | undefined {
  return buffer.byteLength < HEADER_BYTES ? undefined : buffer.subarray(0, HEADER_BYTES)
}

/** Throws, which ends the connection, if the frame is longer than any window, or one ping too many. */
function assertFrameFits(header: Uint8Array, takePing: () => boolean): void {
  const lengthBytes = new DataView(header.buffer, header.byteOffset, HEADER_BYTES).getUint32(8)
  if (header[1] === DATA_FRAME && lengthBytes > STREAM_WINDOW_BYTES) {
    throw new Error(`a yamux frame of ${lengthBytes} bytes`)
  }
  if (header[1] === PING_FRAME && !takePing()) {
    throw new Error('too many pings of yamux')
  }
}

function opensStream(header: Uint8Array): boolean {
  return header[1] !== PING_FRAME && ((header[FLAGS_AT] ?? 0) & SYN_FLAG) !== 0
}

/** The connection gives these bytes again when it is resumed; until then it reads no more. */
function putBack(buffer: Unread, wire: Wire): void {
  const unread = buffer.subarray()
  buffer.consume(unread.byteLength)
  if (wire.readStatus === 'readable') {
    wire.pause()
    wire.unshift(unread)
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
