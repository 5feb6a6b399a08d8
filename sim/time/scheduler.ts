/** What the simulated network needs of time. */
export interface Scheduler {
  /** Simulated milliseconds since the run began. */
  now(): number
  /** Runs `fn` once, `delayMs` (≥ 0) from now; what is due at the same time runs in the order of scheduling. */
  schedule(delayMs: number, fn: () => void): { cancel(): void }
}
