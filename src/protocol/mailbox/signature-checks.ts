import { type Permit, verifyPermit } from '../../identity/permit.ts'
import type { Clock } from '../../system/clock.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { toHex } from '../../util/bytes.ts'
import { RateLimiter } from '../../util/rate-limiter.ts'
import { MailboxViolation } from './errors.ts'
import type { Asker, Refusal } from './letter-serving.ts'
import {
  CHECKED_PERMITS_MAX,
  SIGNATURES_BURST,
  SIGNATURES_PEERS_MAX,
  SIGNATURES_PER_SECOND,
  WRONG_SIGNATURES_MAX,
} from './protocol.ts'

const RATE_LIMITED: Refusal = { refused: 'rate-limited', retryAfterMs: 1_000 }
const WRONG: Refusal = { refused: 'signature' }

/** Checks the signatures that peers show. One costs 0.1 ms, so what one peer may have checked is limited. */
export class SignatureChecks {
  readonly #limiter: RateLimiter
  readonly #goodPermits = new BoundedMap<string, true>({ maxEntries: CHECKED_PERMITS_MAX })

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#limiter = new RateLimiter(clock, {
      capacity: SIGNATURES_BURST,
      refillPerSecond: SIGNATURES_PER_SECOND,
      maxKeys: SIGNATURES_PEERS_MAX,
    })
  }

  /**
   * Makes the checks, `count` signatures, if the peer may have so many checked; `undefined`: they are good.
   *
   * @throws MailboxViolation `signature` when there have been too many wrong ones on this stream
   */
  refusal(asker: Asker, count: number, areGood: () => boolean): Refusal | undefined {
    if (!this.#limiter.take(asker.peerId, count)) {
      return RATE_LIMITED
    }
    if (areGood()) {
      return undefined
    }
    asker.wrongSignatures++
    if (asker.wrongSignatures > WRONG_SIGNATURES_MAX) {
      throw new MailboxViolation('signature', 'too many signatures that are not of the mailbox')
    }
    return WRONG
  }

  /** The same for a permit, of which a contact uses one a day for all letters: it is checked once. */
  permitRefusal(asker: Asker, mailboxKey: Uint8Array, permit: Permit): Refusal | undefined {
    const name = toHex(mailboxKey) + toHex(permit.id) + toHex(permit.signature)
    const isKnown = this.#goodPermits.has(name)
    const refusal = isKnown ? undefined : this.refusal(asker, 1, () => verifyPermit(mailboxKey, permit))
    if (refusal === undefined) {
      this.#goodPermits.set(name, true)
    }
    return refusal
  }
}
