/** One attempt to reach a peer, for all who wait for it. It is given up when nobody waits any more. */
export class SharedDial<Result> {
  readonly #outcome: PromiseWithResolvers<Result> = Promise.withResolvers()
  readonly #controller = new AbortController()
  #waiting = 0
  #settled = false

  constructor() {
    // Nobody may be waiting when it fails.
    this.#outcome.promise.catch(() => {})
  }

  /** Aborts, with the reason of the last who waited, when nobody waits any more, and when the outcome is known. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isSettled(): boolean {
    return this.#settled
  }

  /** Waits for the outcome; rejects with the signal's reason as soon as it aborts. */
  wait(signal: AbortSignal): Promise<Result> {
    if (signal.aborted) {
      return Promise.reject(signal.reason)
    }
    this.#waiting += 1
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason)
        this.#waiting -= 1
        if (this.#waiting === 0) {
          this.reject(signal.reason)
        }
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#outcome.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  resolve(result: Result): void {
    this.#outcome.resolve(result)
    this.#settle(undefined)
  }

  reject(reason: unknown): void {
    this.#outcome.reject(reason)
    this.#settle(reason)
  }

  #settle(reason: unknown): void {
    this.#settled = true
    this.#controller.abort(reason)
  }
}
