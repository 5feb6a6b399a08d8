import type { Stream } from '@libp2p/interface'
import type { BufferBudget } from './libp2p-buffer-budget.ts'
import { CHUNK_OVERHEAD_BYTES, READ_HIGH_WATER_BYTES, STREAM_WINDOW_BYTES } from './libp2p-limits.ts'

/** Chunks below this size are copied, since each is a view on a whole read of the socket and would keep that alive. */
const COPY_BELOW_BYTES = 16 * 1024

/**
 * The reading half of a libp2p stream. At the high-water mark it pauses the stream, so that yamux stops granting
 * window; at most the queue and two windows are held then.
 */
export class StreamReader {
  readonly source: AsyncGenerator<Uint8Array, void, unknown>
  readonly #stream: Stream
  readonly #budget: BufferBudget
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #paused = false
  #resuming = false
  #ended = false
  #stopped = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Stream, budget: BufferBudget) {
    this.#stream = stream
    this.#budget = budget
    this.source = this.#read()
    stream.addEventListener('message', (event) => this.#receive(event.data))
    stream.addEventListener('remoteCloseWrite', () => this.#end())
    if (stream.remoteWriteStatus === 'closed' && stream.status !== 'reset' && stream.status !== 'aborted') {
      this.#end()
    }
  }

  /** The stream is gone: `source` throws, unless the remote had closed its half before. */
  fail(error: Error, inGoodOrder: boolean): void {
    if (!(inGoodOrder && this.#ended)) {
      this.#failure ??= error
      this.#drop()
    }
    this.#wake?.()
  }

  /** Ends `source` and throws away whatever else comes. */
  stop(): void {
    this.#stopped = true
    this.#drop()
    this.#wake?.()
    this.#stream.closeRead().catch(() => {})
  }

  async *#read(): AsyncGenerator<Uint8Array, void, unknown> {
    try {
      while (true) {
        const chunk = this.#take()
        if (chunk !== undefined) {
          yield chunk
        } else if (this.#failure !== undefined) {
          throw this.#failure
        } else if (this.#stopped || this.#ended) {
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      if (!this.#ended && !this.#stopped && this.#failure === undefined) {
        this.stop()
      }
    }
  }

  #take(): Uint8Array | undefined {
    if (this.#queue.length === 0 && this.#paused) {
      this.#resume()
    }
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      this.#queuedBytes -= cost(chunk)
      this.#budget.give(cost(chunk))
    }
    return chunk
  }

  #receive(data: { subarray(): Uint8Array }): void {
    if (this.#stopped || this.#failure !== undefined) {
      return
    }
    const chunk = plainChunk(data.subarray())
    if (!this.#budget.take(cost(chunk))) {
      this.#stream.abort(new Error('too many unread bytes on all streams together'))
      return
    }
    this.#queue.push(chunk)
    this.#queuedBytes += cost(chunk)
    if (this.#queuedBytes > READ_HIGH_WATER_BYTES && !this.#resuming) {
      this.#pause()
    }
    this.#wake?.()
  }

  #pause(): void {
    if (this.#paused || this.#stream.readStatus !== 'readable') {
      return
    }
    // While paused libp2p itself may buffer as much as the remote was granted.
    if (!this.#budget.take(STREAM_WINDOW_BYTES)) {
      this.#stream.abort(new Error('too many unread bytes on all streams together'))
      return
    }
    this.#paused = true
    this.#stream.pause()
  }

  #resume(): void {
    this.#paused = false
    this.#budget.give(STREAM_WINDOW_BYTES)
    // `resume` delivers what libp2p holds before it grants window. Pausing again from inside would be undone by it
    // and leave a stream that buffers without bound.
    this.#resuming = true
    try {
      if (this.#stream.readStatus === 'paused') {
        this.#stream.resume()
      }
    } catch {
      // The connection is already gone; what was held has been delivered.
    }
    this.#resuming = false
    if (this.#queuedBytes > READ_HIGH_WATER_BYTES) {
      this.#pause()
    }
  }

  #end(): void {
    this.#ended = true
    this.#wake?.()
  }

  #drop(): void {
    this.#budget.give(this.#queuedBytes + (this.#paused ? STREAM_WINDOW_BYTES : 0))
    this.#queue = []
    this.#queuedBytes = 0
    this.#paused = false
  }
}

function cost(chunk: Uint8Array): number {
  return chunk.byteLength + CHUNK_OVERHEAD_BYTES
}

/** A Uint8Array, never a Buffer: the `slice` of a Buffer shares its memory. */
function plainChunk(view: Uint8Array): Uint8Array {
  return view.byteLength < COPY_BELOW_BYTES
    ? new Uint8Array(view)
    : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
