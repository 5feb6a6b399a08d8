import { assert } from '../../util/assert.ts'
import { STREAM_WINDOW_BYTES } from './protocol.ts'

/** Bytes of letters under way on one stream, of all its collections; the collector gives them back as it takes them. */
export class StreamWindow {
  readonly #waiting = new Set<() => void>()
  #free: number = STREAM_WINDOW_BYTES

  get freeBytes(): number {
    return this.#free
  }

  take(bytes: number): void {
    assert(bytes <= this.#free, 'a window is not overdrawn')
    this.#free -= bytes
  }

  /** Calls `resume` once when bytes are given back; the same function waits only once. */
  wait(resume: () => void): void {
    this.#waiting.add(resume)
  }

  leave(resume: () => void): void {
    this.#waiting.delete(resume)
  }

  release(bytes: number): void {
    this.#free += bytes
    if (bytes > 0) {
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const resume of waiting) {
        resume()
      }
    }
  }
}
