import type { Clock } from '../../system/clock.ts'
import { RateLimiter } from '../../util/rate-limiter.ts'

/** Failures of one user name that are answered at once: typing errors, and clients that try several mechanisms. */
const BURST = 10
/** Failures of one user name for which that burst comes back. */
const REFILL_PER_SECOND = 0.1
/** User names remembered; the one tried longest ago is forgotten. */
const MAX_USER_NAMES = 1_024
/** How long a failure beyond the burst waits for its answer, in milliseconds; the connection does nothing else. */
const DELAY_MS = 3_000

/** Slows down guessing. Only failures are held back, so that whoever knows a password gets in, whatever others try. */
export class LoginThrottle {
  readonly #limiter: RateLimiter

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#limiter = new RateLimiter(clock, {
      capacity: BURST,
      refillPerSecond: REFILL_PER_SECOND,
      maxKeys: MAX_USER_NAMES,
    })
  }

  /** How long the answer to a failed login waits; `userName` empty: no password was tried. */
  delayMs(userName: string): number {
    return userName === '' || this.#limiter.take(userName) ? 0 : DELAY_MS
  }
}
