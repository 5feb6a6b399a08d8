import type { Stream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import type { BufferBudget } from './libp2p-buffer-budget.ts'
import { MAX_WRITE_BATCH_BYTES } from './libp2p-limits.ts'

/**
 * The writing half of a libp2p stream. What is written within one turn of the event loop goes out as one frame (10 to
 * 15 times the throughput: yamux and noise cost per frame, and the remote answers each with a window update).
 */
export class StreamWriter {
  readonly #stream: Stream
  readonly #budget: BufferBudget
  #batch: Uint8Array[] = []
  #batchBytes = 0
  #flushTimer: NodeJS.Immediate | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Stream, budget: BufferBudget) {
    this.#stream = stream
    this.#budget = budget
    stream.addEventListener('drain', () => this.#wake?.())
  }

  /** Resolves when the remote has room for more; rejects when the stream breaks. */
  async ready(): Promise<void> {
    if (this.#batchBytes >= MAX_WRITE_BATCH_BYTES) {
      this.#flush()
    }
    if (this.#stream.writableNeedsDrain) {
      await this.#drained()
    }
    this.#assertOpen()
  }

  /** Adds `chunk` to the batch of this turn. Call it only after `ready`. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.byteLength; offset += MAX_WRITE_BATCH_BYTES) {
      if (this.#batchBytes > 0 || offset > 0) {
        await this.#makeRoom(Math.min(MAX_WRITE_BATCH_BYTES, chunk.byteLength - offset))
      }
      const part = chunk.subarray(offset, offset + MAX_WRITE_BATCH_BYTES)
      this.#batch.push(part)
      this.#batchBytes += part.byteLength
    }
    if (this.#batchBytes > 0) {
      this.#flushTimer ??= setImmediate(() => this.#flushOnTurn())
    }
  }

  /** Sends the rest and closes this half; resolves when the transport has everything. */
  async finish(): Promise<void> {
    await this.ready()
    this.#flush()
    await this.#drained()
    try {
      await this.#stream.close()
    } catch (error) {
      // libp2p rejects with the closing event itself, which is not an Error.
      throw this.#failure ?? (error instanceof Error ? error : new Error('the stream broke while it was closed'))
    }
    this.#assertOpen()
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#clear()
    this.#wake?.()
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#batchBytes + bytes > MAX_WRITE_BATCH_BYTES) {
      this.#flush()
      await this.ready()
    }
  }

  #flushOnTurn(): void {
    try {
      this.#flush()
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error('the stream could not be written'))
    }
  }

  #flush(): void {
    const batch = this.#batch
    this.#clear()
    this.#assertOpen()
    if (batch.length > 0) {
      this.#stream.send(batch.length === 1 && batch[0] !== undefined ? batch[0] : concat(batch))
    }
  }

  #clear(): void {
    clearImmediate(this.#flushTimer)
    this.#flushTimer = undefined
    this.#batch = []
    this.#batchBytes = 0
  }

  // Not `stream.onDrain`: its promise is made once and never renewed (libp2p 3.3).
  async #drained(): Promise<void> {
    const heldBytes = this.#stream.writableNeedsDrain ? this.#stream.writeBufferLength + MAX_WRITE_BATCH_BYTES : 0
    if (!this.#budget.take(heldBytes)) {
      const error = new Error('too many unsent bytes on all streams together')
      this.#stream.abort(error)
      throw error
    }
    try {
      while (this.#stream.writableNeedsDrain && this.#failure === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.#budget.give(heldBytes)
    }
    this.#assertOpen()
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) {
      throw this.#failure
    }
  }
}
