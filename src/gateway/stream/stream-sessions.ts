import type { Clock, Timer } from '../../system/clock.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { RevokedPassword } from '../sasl/client-passwords.ts'

/** Sessions without a stream that wait to be resumed, each with up to 2 MiB; the one that waits longest is given up. */
const MAX_DETACHED_SESSIONS = 256
/** Ended sessions of which is remembered how many stanzas were handled (XEP-0198 §5, `failed` with `h`). */
const MAX_ENDED_SESSIONS = 1_024

/** How long a session waits to be resumed: a walk through a tunnel, a closed lid. */
export const RESUMPTION_MS = 600_000
/** The same for the owner's own commands, which come back at once or never. */
const OWNER_RESUMPTION_MS = 30_000

/** A session, as far as its resumption is concerned. */
export interface ResumableSession {
  readonly account: string
  readonly passwordName: string | undefined
  readonly isOwner: boolean
  /** Undefined: it cannot be resumed. */
  readonly resumptionId: string | undefined
  readonly handledCount: number
  end(error: StreamError): void
  finish(): void
}

/** All bound sessions, by the ids under which they can be resumed (XEP-0198 §5). */
export class StreamSessions<Session extends ResumableSession> {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #all = new Set<Session>()
  readonly #byId = new Map<string, Session>()
  /** In the order of their detachment. */
  readonly #detached = new Map<Session, Timer>()
  readonly #ended = new BoundedMap<string, { account: string; h: number }>({ maxEntries: MAX_ENDED_SESSIONS })

  constructor(clock: Pick<Clock, 'schedule'>) {
    this.#clock = clock
  }

  add(session: Session): void {
    this.#all.add(session)
  }

  resumable(id: string, session: Session): void {
    this.#byId.set(id, session)
  }

  /** The session of this account that `id` names; nobody learns of those of others. */
  find(id: string, account: string): Session | undefined {
    const session = this.#byId.get(id)
    return session?.account === account ? session : undefined
  }

  /** How many stanzas of a session that is over were handled. */
  endedCount(id: string, account: string): number | undefined {
    const ended = this.#ended.get(id)
    return ended?.account === account ? ended.h : undefined
  }

  detached(session: Session): void {
    const waitMs = session.isOwner ? OWNER_RESUMPTION_MS : RESUMPTION_MS
    this.#detached.set(
      session,
      this.#clock.schedule(waitMs, () => session.finish()),
    )
    for (const oldest of this.#detached.keys()) {
      if (this.#detached.size <= MAX_DETACHED_SESSIONS) {
        break
      }
      oldest.finish()
    }
  }

  attached(session: Session): void {
    this.#detached.get(session)?.cancel()
    this.#detached.delete(session)
  }

  ended(session: Session): void {
    this.attached(session)
    this.#all.delete(session)
    if (session.resumptionId !== undefined) {
      this.#byId.delete(session.resumptionId)
      this.#ended.set(session.resumptionId, { account: session.account, h: session.handledCount })
    }
  }

  revoke({ account, name }: RevokedPassword): void {
    for (const session of [...this.#all]) {
      if (session.account === account && session.passwordName === name) {
        session.end(new StreamError('not-authorized', 'The password of this client was revoked.'))
      }
    }
  }

  /** Ends those that wait; the others end with their streams. */
  finishDetached(): void {
    for (const session of [...this.#detached.keys()]) {
      session.finish()
    }
  }
}
