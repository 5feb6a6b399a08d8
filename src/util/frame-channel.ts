import { decode, encode, type LengthDecoderFunction } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { concat } from 'uint8arrays/concat'
import type { NetworkStream } from '../system/network.ts'
import { assert } from './assert.ts'
import { AsyncQueue } from './async-queue.ts'
import { ProtocolViolation } from './protocol-violation.ts'

/** Bytes of an unsigned varint that may announce a frame: 28 bits, more than any protocol's `maxFrameBytes`. */
const MAX_LENGTH_BYTES = 4

/** Frames that wait to be written: what an empty frame costs is not in its bytes. */
const MAX_QUEUED_FRAMES = 16_384

/** Bytes of frames joined into one chunk: beyond it the copy costs more than the chunk. */
const MAX_COALESCED_BYTES = 65_536

/** Chunks in which one frame may arrive: an array object for every byte would take 50 MB for a frame of 256 KiB. */
const MAX_CHUNKS_PER_FRAME = 4096

/** Bounds of a `FrameChannel`. */
export interface FrameChannelOptions {
  /** Longest frame in either direction, without its length. Below 2^28. */
  readonly maxFrameBytes: number
  /** Frames that may wait for a remote that does not read; the chunk being written is not counted. */
  readonly maxQueuedBytes: number
}

/** What a frame is given to; the promise, if there is one, is awaited before more is read. */
export type FrameHandler = (frame: Uint8Array) => void | Promise<void>

/** Frames, each after its length as an unsigned varint (multiformats), over a network stream. */
export class FrameChannel {
  readonly #stream: NetworkStream
  readonly #maxFrameBytes: number
  readonly #outgoing: AsyncQueue<Uint8Array>
  readonly #written: Promise<void>
  #chunks = 0
  #running = false
  #closed: Promise<void> | undefined

  constructor(stream: NetworkStream, options: FrameChannelOptions) {
    assert(options.maxFrameBytes < 2 ** (7 * MAX_LENGTH_BYTES), 'the length of a frame fits its varint')
    this.#stream = stream
    this.#maxFrameBytes = options.maxFrameBytes
    this.#outgoing = new AsyncQueue({
      maxItems: MAX_QUEUED_FRAMES,
      maxSize: options.maxQueuedBytes,
      sizeOf: (frame) => frame.length,
    })
    this.#written = pipe(() => this.#batches(), stream.sink).catch((error: Error) => {
      // The reader learns of it from the source, which breaks with the stream.
      stream.abort(error)
    })
  }

  /** Queues a frame; false if the remote reads too slowly (abort it) or the channel was closed. */
  send(frame: Uint8Array): boolean {
    assert(frame.length <= this.#maxFrameBytes, 'a frame to be sent is within maxFrameBytes')
    return this.#outgoing.push(frame)
  }

  /**
   * Reads frames until the remote ends its half. To be called once.
   *
   * @throws ProtocolViolation `frame-too-large`, `frame-length`, `frame-fragments`, `frame-truncated`; what the stream
   * breaks with; what `onFrame` throws
   */
  async run(onFrame: FrameHandler): Promise<void> {
    assert(!this.#running, 'a channel is read once')
    this.#running = true
    const lengthDecoder = makeLengthDecoder(this.#maxFrameBytes)
    const frames = pipe(
      () => this.#countChunks(this.#stream.source),
      (source: AsyncIterable<Uint8Array>) => decode(source, { lengthDecoder, maxDataLength: this.#maxFrameBytes }),
    )
    try {
      for await (const frame of frames) {
        this.#chunks = 0
        const handled = onFrame(frame.subarray())
        if (handled !== undefined) {
          await handled
        }
      }
    } catch (error) {
      throw isTruncation(error) ? truncated(error) : error
    }
  }

  /** Writes what is queued, then closes both halves in good order. Waits as long as the remote does not read. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Breaks the stream at once; what is queued is dropped. */
  abort(error: Error): void {
    this.#outgoing.fail(error)
    this.#stream.abort(error)
  }

  async #close(): Promise<void> {
    this.#outgoing.end()
    await this.#written
    await this.#stream.close()
  }

  /** One chunk for all frames that wait when the remote is ready for more. */
  async *#batches(): AsyncGenerator<Uint8Array> {
    for await (const first of this.#outgoing) {
      const batch = [first, ...this.#outgoing.drain(MAX_COALESCED_BYTES - first.length)]
      yield concat([...encode(batch, { maxDataLength: this.#maxFrameBytes })])
    }
  }

  async *#countChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#chunks += 1
      if (this.#chunks > MAX_CHUNKS_PER_FRAME) {
        throw new ProtocolViolation('frame-fragments', `a frame in more than ${MAX_CHUNKS_PER_FRAME} chunks`)
      }
      yield chunk
    }
  }
}

/** Refuses a length as soon as its bytes show that it is too large, and one that is not in its shortest form. */
function makeLengthDecoder(maxFrameBytes: number): LengthDecoderFunction {
  const decoder = (buffer: Parameters<LengthDecoderFunction>[0]): number => {
    let length = 0
    for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
      if (index === buffer.byteLength) {
        // What it-length-prefixed takes for "more bytes are needed".
        throw new RangeError('incomplete varint')
      }
      const byte = buffer.get(index)
      length |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) {
        decoder.bytes = index + 1
        return checkLength(length, byte === 0 && index > 0, maxFrameBytes)
      }
    }
    throw tooLarge(maxFrameBytes)
  }
  decoder.bytes = 0
  return decoder
}

function checkLength(length: number, padded: boolean, maxFrameBytes: number): number {
  if (padded) {
    throw new ProtocolViolation('frame-length', 'the length of a frame is not in its shortest form')
  }
  if (length > maxFrameBytes) {
    throw tooLarge(maxFrameBytes)
  }
  return length
}

function tooLarge(maxFrameBytes: number): ProtocolViolation {
  return new ProtocolViolation('frame-too-large', `a frame of more than ${maxFrameBytes} bytes`)
}

/** it-length-prefixed's word for a source that ends within a frame. */
function isTruncation(error: unknown): boolean {
  return error instanceof Error && error.name === 'UnexpectedEOFError'
}

function truncated(cause: unknown): ProtocolViolation {
  return new ProtocolViolation('frame-truncated', 'the stream ended within a frame', { cause })
}
