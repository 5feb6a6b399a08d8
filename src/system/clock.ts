/** A callback that was scheduled; `cancel` is idempotent and does nothing once it has run. */
export interface Timer {
  cancel(): void
}

/**
 * Time as a node sees it. Production takes it from the operating system, tests and the simulator from a virtual clock.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never runs backwards. For durations. */
  monotonicMs(): number
  /** Milliseconds since 1970-01-01T00:00Z; may jump. For stamps that people or peers see. */
  wallMs(): number
  /** Runs `fn` once, `delayMs` (≥ 0, at most 2^31 - 1) from now, never synchronously. */
  schedule(delayMs: number, fn: () => void): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** A signal that aborts after `delayMs` with a `DOMException` named `TimeoutError`. */
  timeoutSignal(delayMs: number): AbortSignal
}
