import type { Stream } from '@libp2p/interface'
import type { Clock, Timer } from '../system/clock.ts'
import type { NetworkStream, Path, PeerIdText } from '../system/network.ts'
import { assert } from '../util/assert.ts'
import type { BufferBudget } from './libp2p-buffer-budget.ts'
import { CLOSE_TIMEOUT_MS } from './libp2p-limits.ts'
import { StreamReader } from './libp2p-stream-reader.ts'
import { StreamWriter } from './libp2p-stream-writer.ts'

/** What a stream takes from its network. */
export interface Libp2pStreamComponents {
  readonly clock: Pick<Clock, 'schedule'>
  readonly budget: BufferBudget
}

/** Who is at the other end, and how the stream gets there. */
export interface StreamPeer {
  readonly peerId: PeerIdText
  readonly path: Path
}

/**
 * A libp2p 3 stream as the duplex `{ source, sink }` that it-pipe wants, with backpressure in both directions. `sink`
 * closes this half when its source ends; an error of its source breaks the stream.
 */
export class Libp2pStream implements NetworkStream {
  readonly peerId: PeerIdText
  readonly direction: 'inbound' | 'outbound'
  readonly path: Path
  readonly source: AsyncGenerator<Uint8Array, void, unknown>
  readonly sink: (source: AsyncIterable<Uint8Array>) => Promise<void>
  readonly #stream: Stream
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #reader: StreamReader
  readonly #writer: StreamWriter
  #sinking: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #gone = false
  #interrupt: (() => void) | undefined
  #linger: Timer | undefined

  constructor(stream: Stream, peer: StreamPeer, components: Libp2pStreamComponents) {
    this.peerId = peer.peerId
    this.path = peer.path
    this.direction = stream.direction
    this.#stream = stream
    this.#clock = components.clock
    this.#reader = new StreamReader(stream, components.budget)
    this.#writer = new StreamWriter(stream, components.budget)
    this.source = this.#reader.source
    this.sink = (source) => this.#sink(source)
    stream.addEventListener('close', (event) => this.#end(event.error))
    if (stream.status === 'reset' || stream.status === 'aborted') {
      // It broke before anybody listened, which would look like an end in good order.
      this.#end(new Error(`the stream was ${stream.status}`))
    } else if (stream.status !== 'open') {
      this.#end(undefined)
    }
  }

  /** False once the stream is closed or broken at both ends. */
  get open(): boolean {
    return !this.#gone
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }

  #sink(source: AsyncIterable<Uint8Array>): Promise<void> {
    assert(this.#sinking === undefined, 'a stream has one sink')
    this.#sinking = this.#pump(source)
    return this.#sinking
  }

  async #pump(source: AsyncIterable<Uint8Array>): Promise<void> {
    const iterator = source[Symbol.asyncIterator]()
    try {
      while (this.#closing === undefined) {
        await this.#writer.ready()
        const next = await this.#next(iterator)
        if (next === undefined || next.done === true) {
          break
        }
        await this.#writer.write(next.value)
      }
      await this.#writer.finish()
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('the source of a stream failed', { cause: error }))
      throw error
    } finally {
      // A source that waits for something else would not return before that; nobody is to wait for it here.
      Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }

  /** The next chunk, or undefined when the stream is closed or broken meanwhile. */
  #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined)
      if (this.#closing !== undefined || this.#gone) {
        resolve(undefined)
        return
      }
      iterator.next().then(resolve, reject)
    })
  }

  async #close(): Promise<void> {
    if (this.#gone) {
      return
    }
    const timer = this.#clock.schedule(CLOSE_TIMEOUT_MS, () => this.abort(new Error('the remote does not read')))
    this.#interrupt?.()
    // The promise of `close` must be known before the sink looks at it.
    await Promise.resolve()
    try {
      await (this.#sinking ?? this.#writer.finish())
    } catch {
      // It broke first, which `close` does not mind.
    }
    timer.cancel()
    this.#reader.stop()
    if (!this.#gone) {
      this.#linger = this.#clock.schedule(CLOSE_TIMEOUT_MS, () => this.abort(new Error('the remote does not close')))
    }
  }

  #end(error: Error | undefined): void {
    this.#gone = true
    const failure = error ?? new Error('the connection was closed')
    this.#writer.fail(failure)
    this.#reader.fail(failure, error === undefined)
    this.#linger?.cancel()
    this.#interrupt?.()
  }
}
