import type { Element } from '../xml/element.ts'
import type { Jid } from '../xmpp/jid.ts'
import type { StreamError } from '../xmpp/stream-error.ts'

/** What became of a stanza: the client has it (acknowledged, XEP-0198, or written to its socket), or never will. */
export type DeliveryOutcome = 'delivered' | 'lost'

/** The client's side of a session as the account sees it; made by the stream, kept over a resumption. */
export interface ClientPort {
  /** Whether the client is on this machine and whether TLS protects it. */
  readonly isLocal: boolean
  readonly isSecure: boolean
  /** The connection of the owner's own commands (Unix socket). */
  readonly isOwner: boolean
  readonly webBase: string | undefined
  /**
   * Queues a stanza for the client, in order. `settled` is called once, later, never from inside `deliver`. When the
   * queue is full (`isFull`) the stanza is `lost` at once.
   */
  deliver(stanza: Element, settled?: (outcome: DeliveryOutcome) => void): void
  /** The queue has reached its bound: whoever can wait (offline messages, archive) waits. */
  readonly isFull: boolean
  /** Ends session and stream with an error: conflict, not-authorized (password revoked), system-shutdown. */
  end(error: StreamError): void
}

/** What a client asks for when it binds. */
export interface BindRequest {
  /** Bare JID of the account. */
  readonly account: string
  /** The resource it wants (RFC 6120 §7.7); undefined: any. */
  readonly resource: string | undefined
  /** Name of the password it logged in with; undefined for the owner's commands. */
  readonly passwordName: string | undefined
  readonly port: ClientPort
}

/** A bound session, as the stream sees it. */
export interface BoundSession {
  /** The full JID. */
  readonly jid: Jid
  /**
   * Takes a stanza from the client. Resolves when it is handled: what must be stored is on disk (XEP-0198 §4 counts it
   * then). Never rejects: errors go back to the client as stanzas. Calls may overlap; the order of the calls is the
   * order of the stanzas. Messages and presence answer in that order too.
   */
  receive(stanza: Element): Promise<void>
  /** XEP-0280 §4, also inline in Bind 2. */
  setCarbons(enabled: boolean): void
  /** XEP-0352. */
  setActive(active: boolean): void
  /** The stream is gone, the session waits to be resumed (XEP-0198 §5). */
  detached(): void
  resumed(): void
  /** The session is over; unavailable presence follows (RFC 6121 §4.5.2). Called once. */
  ended(): void
}

/** A bound session, as the features of its account see it. */
export interface ClientSession {
  readonly jid: Jid
  readonly port: ClientPort
  /** Its last broadcast presence; undefined before the first and after the last (RFC 6121 §4.2, §4.5). */
  readonly presence: Element | undefined
  /** Of that presence, 0 if it says nothing (RFC 6121 §4.7.2.3). */
  readonly priority: number
  /** It has asked for the roster and gets pushes (RFC 6121 §2.1.6: an interested resource). */
  readonly isInterested: boolean
  readonly hasCarbons: boolean
}

/** What streams need of the accounts behind them. */
export interface StreamHost {
  /** The account (bare JID) that somebody means who types this localpart: an XID or a local alias. */
  findAccount(localpart: string): string | undefined
  /** Whom the owner's commands mean that name nobody (SASL EXTERNAL without authorization identity): the first account. */
  readonly ownerAccount: string | undefined
  /** Binds a resource to an authenticated stream. @throws StanzaError `conflict`, `resource-constraint` */
  bind(request: BindRequest): BoundSession
  /** Stream features after login beside those of the stream itself: roster versioning, pre-approval, caps. */
  features(account: string): readonly Element[]
}
