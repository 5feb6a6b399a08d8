import type { Clock } from '../../src/system/clock.ts'
import type { NetworkStream, Path, PeerIdText } from '../../src/system/network.ts'

/** Bytes one direction holds before its writer stalls. */
export const MEMORY_STREAM_BUFFER_BYTES: number = 64 * 1024

/** One direction of a stream: bytes arrive in order, `latencyMs` after they were written. */
export class BytePipe {
  readonly source: AsyncGenerator<Uint8Array, void, unknown>
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #latencyMs: number
  readonly #arrived: Uint8Array[] = []
  #heldBytes = 0
  #ended = false
  #discarding = false
  #failure: Error | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined
  readonly #onDone: () => void

  constructor(clock: Pick<Clock, 'schedule'>, latencyMs: number, onDone: () => void) {
    this.#clock = clock
    this.#latencyMs = latencyMs
    this.#onDone = onDone
    this.source = this.#read()
  }

  /** True when the end has arrived or the pipe is broken. */
  get done(): boolean {
    return this.#ended || this.#failure !== undefined
  }

  /** Hands `chunk` over; resolves when there is room for more. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#throwIfBroken()
    const copy = chunk.slice()
    this.#heldBytes += copy.byteLength
    this.#clock.schedule(this.#latencyMs, () => {
      if (this.#discarding) {
        this.#release(copy.byteLength)
      } else {
        this.#arrived.push(copy)
      }
      this.#wakeReader?.()
    })
    while (this.#heldBytes >= MEMORY_STREAM_BUFFER_BYTES && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve
      })
    }
    this.#throwIfBroken()
  }

  end(): void {
    this.#clock.schedule(this.#latencyMs, () => {
      this.#ended = true
      this.#wakeReader?.()
      this.#onDone()
    })
  }

  break(failure: Error): void {
    if (!this.#ended) {
      this.#failure ??= failure
    }
    this.#wakeReader?.()
    this.#wakeWriter?.()
    this.#onDone()
  }

  /** The reader wants no more: what comes is thrown away. */
  discard(): void {
    this.#discarding = true
    for (const chunk of this.#arrived.splice(0)) {
      this.#release(chunk.byteLength)
    }
    this.#wakeReader?.()
  }

  async *#read(): AsyncGenerator<Uint8Array, void, unknown> {
    try {
      while (true) {
        if (this.#failure !== undefined) {
          throw this.#failure
        }
        const chunk = this.#arrived.shift()
        if (chunk !== undefined) {
          this.#release(chunk.byteLength)
          yield chunk
        } else if (this.#ended || this.#discarding) {
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve
          })
        }
      }
    } finally {
      this.discard()
    }
  }

  #release(bytes: number): void {
    this.#heldBytes -= bytes
    this.#wakeWriter?.()
  }

  #throwIfBroken(): void {
    if (this.#failure !== undefined) {
      throw this.#failure
    }
  }
}

/** One end of an in-memory stream. */
export class MemoryStream implements NetworkStream {
  readonly peerId: PeerIdText
  readonly direction: 'inbound' | 'outbound'
  readonly path: Path
  readonly source: AsyncGenerator<Uint8Array, void, unknown>
  readonly sink: (source: AsyncIterable<Uint8Array>) => Promise<void>
  readonly #in: BytePipe
  readonly #out: BytePipe
  readonly #onAbort: (reason: Error) => void
  #interrupt: (() => void) | undefined
  #sinking: Promise<void> | undefined
  #closed = false

  constructor(
    peerId: PeerIdText,
    direction: 'inbound' | 'outbound',
    pipes: { in: BytePipe; out: BytePipe; path: Path },
    onAbort: (reason: Error) => void,
  ) {
    this.peerId = peerId
    this.path = pipes.path
    this.direction = direction
    this.#in = pipes.in
    this.#out = pipes.out
    this.#onAbort = onAbort
    this.source = pipes.in.source
    this.sink = (source) => {
      this.#sinking = this.#pump(source)
      return this.#sinking
    }
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return
    }
    this.#closed = true
    this.#interrupt?.()
    await this.#sinking?.catch(() => {})
    if (this.#sinking === undefined) {
      this.#out.end()
    }
    this.#in.discard()
  }

  abort(reason: Error): void {
    this.break(reason)
    this.#onAbort(reason)
  }

  /** Breaks this end. */
  break(reason: Error): void {
    this.#in.break(reason)
    this.#out.break(reason)
    this.#interrupt?.()
  }

  async #pump(source: AsyncIterable<Uint8Array>): Promise<void> {
    const iterator = source[Symbol.asyncIterator]()
    try {
      while (!this.#closed) {
        const next = await this.#next(iterator)
        if (next === undefined || next.done === true) {
          break
        }
        await this.#out.write(next.value)
      }
      // Throws if the stream broke while the source had nothing to say.
      await this.#out.write(new Uint8Array(0))
      this.#out.end()
    } catch (error) {
      this.abort(error as Error)
      throw error
    } finally {
      Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }

  #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined)
      iterator.next().then(resolve, reject)
    })
  }
}

/** Both ends of a stream from `dialler` to `listener`; `onDone` is called when both halves are over. */
export function memoryStreamPair(
  clock: Pick<Clock, 'schedule'>,
  latencyMs: number,
  dialler: PeerIdText,
  listener: PeerIdText,
  onDone: () => void,
  path: Path = 'direct',
): { outbound: MemoryStream; inbound: MemoryStream; breakBoth: (reason: Error) => void } {
  const check = (): void => {
    if (there.done && back.done) {
      onDone()
    }
  }
  const there: BytePipe = new BytePipe(clock, latencyMs, check)
  const back: BytePipe = new BytePipe(clock, latencyMs, check)
  const later = (stream: () => MemoryStream) => (reason: Error) => {
    clock.schedule(latencyMs, () => stream().break(new Error('the remote reset the stream', { cause: reason })))
  }
  const outbound: MemoryStream = new MemoryStream(
    listener,
    'outbound',
    { in: back, out: there, path },
    later(() => inbound),
  )
  const inbound: MemoryStream = new MemoryStream(
    dialler,
    'inbound',
    { in: there, out: back, path },
    later(() => outbound),
  )
  const breakBoth = (reason: Error): void => {
    outbound.break(reason)
    inbound.break(reason)
  }
  return { outbound, inbound, breakBoth }
}
