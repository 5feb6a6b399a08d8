/** How many may pass at a time, and how many may wait. */
export interface GateOptions {
  readonly maxInside: number
  readonly maxWaiting: number
}

/** Lets a bounded number in at a time, in the order of their coming. */
export class Gate {
  readonly #options: GateOptions
  readonly #waiting = new Set<() => void>()
  #inside = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  /**
   * Resolves when there is room, with the function to call on the way out (once); with `undefined` when too many wait.
   * Rejects with the signal's reason.
   */
  async enter(signal: AbortSignal): Promise<(() => void) | undefined> {
    signal.throwIfAborted()
    if (this.#inside >= this.#options.maxInside) {
      if (this.#waiting.size >= this.#options.maxWaiting) {
        return undefined
      }
      await this.#wait(signal)
    } else {
      this.#inside++
    }
    return () => this.#leave()
  }

  /** Whoever is let in from here takes the place of the one who left. */
  #leave(): void {
    for (const letIn of this.#waiting) {
      this.#waiting.delete(letIn)
      letIn()
      return
    }
    this.#inside--
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(letIn)
        reject(signal.reason)
      }
      const letIn = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      this.#waiting.add(letIn)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
