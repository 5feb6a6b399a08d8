import { KEEP_ALIVE_IDLE_MS, KEEP_ALIVE_IN_USE_MS, KEEP_ALIVE_PATIENCE_MS } from './libp2p-limits.ts'

/** What is known of a connection when it is looked at. */
export interface ConnectionLife {
  /** Milliseconds since anything was heard. */
  readonly silentMs: number
  /** This end dialled. */
  readonly isDialler: boolean
  /** It carries a stream, or what hangs on it has to be up: a reservation on a relay. */
  readonly isInUse: boolean
}

/**
 * Whether to ask the other end for a sign of life. The dialler asks, so that one ping a round is enough for both; the
 * other end asks later, when no ping came: its dialler may be another program, or dead.
 */
export function isPingDue({ silentMs, isDialler, isInUse }: ConnectionLife): boolean {
  const quietMs = isInUse ? KEEP_ALIVE_IN_USE_MS : KEEP_ALIVE_IDLE_MS
  return silentMs >= quietMs + (isDialler ? 0 : KEEP_ALIVE_PATIENCE_MS)
}
