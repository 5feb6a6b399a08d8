const DAY_MS = 86_400_000

/** When most departures happen, after the start of the run, which is midnight everywhere; milliseconds. Ours. */
const PEAK_MS = 64_800_000

/** Halvings of a day to a millisecond, with room. */
const HALVINGS = 40

/**
 * When a session ends that began at `startMs` and would last `lengthMs` if departures were even over the day. Their rate
 * is 1 + (diurnal − 1)·cos, `diurnal` 1 to 2, and the session is used up at that rate.
 */
export function endOfSession(startMs: number, lengthMs: number, diurnal: number): number {
  if (diurnal === 1) {
    return startMs + lengthMs
  }
  const swing = ((diurnal - 1) * DAY_MS) / (2 * Math.PI)
  const used = (ms: number): number => ms + swing * Math.sin((2 * Math.PI * (ms - PEAK_MS)) / DAY_MS)
  const goal = used(startMs) + lengthMs
  let low = Math.max(startMs, goal - swing)
  let high = goal + swing
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (used(middle) < goal) {
      low = middle
    } else {
      high = middle
    }
  }
  return high
}
