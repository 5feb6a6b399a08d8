/**
 * Letters that are opened and stored at a time; whoever collects waits above it. Those that wait for their predecessors
 * count, and must not keep these out: two full mailboxes. *ours*
 */
const OPENED_AT_ONCE_MAX = 1_024
/** Their bytes: two full mailboxes. *ours* */
const OPENED_AT_ONCE_MAX_BYTES = 8 * 1024 * 1024

/** Room for letters between collecting and disk, given in the order of asking. */
export class OpeningRoom {
  readonly #waiting = new Set<{ readonly bytes: number; enter(): void }>()
  #letters = 0
  #bytes = 0

  /** Resolves when there is room, with what is to be called on leaving. Rejects with the signal's reason. */
  async enter(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#waiting.size > 0 || !this.#hasRoom(bytes)) {
      await this.#wait(bytes, signal)
    } else {
      this.#take(bytes)
    }
    return () => this.#leave(bytes)
  }

  #hasRoom(bytes: number): boolean {
    return this.#letters < OPENED_AT_ONCE_MAX && this.#bytes + bytes <= OPENED_AT_ONCE_MAX_BYTES
  }

  #take(bytes: number): void {
    this.#letters++
    this.#bytes += bytes
  }

  #leave(bytes: number): void {
    this.#letters--
    this.#bytes -= bytes
    this.#letIn()
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (!this.#hasRoom(waiting.bytes)) {
        return
      }
      this.#waiting.delete(waiting)
      this.#take(waiting.bytes)
      waiting.enter()
    }
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting)
        this.#letIn()
        reject(signal.reason)
      }
      const enter = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiting = { bytes, enter }
      this.#waiting.add(waiting)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
