import type { Element } from '../../xml/element.ts'
import type { RemoteAccount } from './remote-accounts.ts'
import type { StanzaSession } from './session.ts'

/** Whoever lives on stanza streams. */
export interface StanzaHandlers {
  /** A stream is up. Not `resumed`: the other node knows nothing from before. */
  opened(session: StanzaSession, info: { readonly resumed: boolean }): void
  /** The other node has shown a newer record of an account it serves, or one more account. */
  recordChanged(session: StanzaSession, account: RemoteAccount): void
  /**
   * A stanza came; called in the order of arrival, without waiting for the one before. `from` is an account of the other
   * node, `to` is there, nothing else was checked. It is acknowledged when the promise resolves: when it rejects, the
   * stream is closed and the stanza will come again.
   */
  stanza(session: StanzaSession, stanza: Element): Promise<void>
  /** The stream broke; the session waits to be resumed. */
  detached(session: StanzaSession): void
  /** The session is over. */
  closed(session: StanzaSession): void
}
