/** Simulated time as the network sees it; the event queue of `sim/time` is one. */
export interface Scheduler {
  /** Milliseconds since the start of the run; may have a fraction, never runs backwards. */
  now(): number
  /** Runs `fn` once, `delayMs` (≥ 0) from now, never synchronously; of equal times the one scheduled first goes first. */
  schedule(delayMs: number, fn: () => void): { cancel(): void }
}
