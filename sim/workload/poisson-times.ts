import type { Draws } from '../churn/draws.ts'

const HOUR_MS = 3_600_000

/** The moments of a Poisson process from `fromMs` to before `untilMs`, milliseconds; drawn as they are read. */
export function* poissonTimes(
  perHour: number,
  fromMs: number,
  untilMs: number,
  draws: Draws,
): Generator<number, undefined, undefined> {
  if (perHour <= 0) {
    return
  }
  const meanMs = HOUR_MS / perHour
  for (let atMs = fromMs; ; ) {
    atMs -= meanMs * Math.log(1 - draws.next())
    if (atMs >= untilMs) {
      return
    }
    yield Math.floor(atMs)
  }
}
