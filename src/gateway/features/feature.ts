import type { Account, KabberNode } from '../../node/api.ts'
import type { Clock } from '../../system/clock.ts'
import type { FileStore } from '../../system/file-store.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import type { Store } from '../../system/store.ts'
import type { Element } from '../../xml/element.ts'
import type { Jid } from '../../xmpp/jid.ts'
import type { ClientSession } from '../client-session.ts'
import type { ClientPasswords } from '../sasl/client-passwords.ts'
import type { WebLogins } from '../web/web-logins.ts'

/** The sessions of one account. */
export interface AccountSessions {
  /** All bound sessions, available or not. */
  all(): readonly ClientSession[]
  byResource(resource: string): ClientSession | undefined
  /** Asks a client of this account; resolves with its iq result or error, which may be one of ours after 60 s. */
  query(session: ClientSession, iq: Element): Promise<Element>
}

/** What all accounts of the gateway share. */
export interface GatewayParts {
  readonly node: Pick<KabberNode, 'peerId' | 'accounts' | 'status'>
  readonly passwords: ClientPasswords
  readonly webLogins: WebLogins
  /** Undefined: no uploads. */
  readonly files: FileStore | undefined
  /** Of this program. */
  readonly version: string
}

/** What a feature of one account is made of. */
export interface FeatureContext {
  readonly account: Account
  readonly sessions: AccountSessions
  readonly gateway: GatewayParts
  /** All features of this account, for disco#info; complete once the gateway has started. */
  readonly features: () => readonly Feature[]
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly logger: Logger
}

/** Who asks: a session of the account itself, or somebody else over the network (`session` undefined). */
export interface FeatureRequest {
  readonly iq: Element
  readonly type: 'get' | 'set'
  /** The one child of the iq. */
  readonly payload: Element
  readonly from: Jid
  readonly session: ClientSession | undefined
}

/** Where iqs are addressed to: the own bare JID (or no `to`), the domain, or a service below it such as `upload`. */
export type FeatureTarget = 'account' | 'server' | 'upload'

/** An identity of XEP-0030 §3.1. */
export interface DiscoIdentity {
  readonly category: string
  readonly type: string
  readonly name?: string
}

/** An item of XEP-0030 §4. */
export interface DiscoItem {
  readonly jid: string
  readonly node?: string | undefined
  readonly name?: string | undefined
}

/**
 * One feature of the XMPP server, made once for each account. The session layer calls `handle` for every iq get or set
 * whose payload's namespace is in `payloads[target]`.
 */
export interface Feature {
  /** Namespaces of the payloads it answers, by the address they are sent to. */
  readonly payloads: Partial<Readonly<Record<FeatureTarget, readonly string[]>>>
  /** What disco#info announces, by address (XEP-0030 §3.1). */
  readonly disco?: Partial<Readonly<Record<FeatureTarget, readonly string[]>>>
  readonly identities?: Partial<Readonly<Record<FeatureTarget, readonly DiscoIdentity[]>>>
  /** XEP-0128 forms for disco#info. */
  readonly forms?: Partial<Readonly<Record<FeatureTarget, readonly Element[]>>>
  /** What disco#items of an address lists for who asks (XEP-0030 §4.1), pubsub nodes say. */
  items?(target: FeatureTarget, request: FeatureRequest): Promise<readonly DiscoItem[]>
  /**
   * Answers disco#info or disco#items (see `request.payload`) of a node of an address (XEP-0030 §3.2, §4.2) with the
   * payload of the result; undefined if the node is not this feature's.
   *
   * @throws StanzaError
   */
  discoNode?(target: FeatureTarget, node: string, request: FeatureRequest): Promise<Element | undefined>
  /**
   * Answers with the payload of the result, or undefined for an empty result. For one who is not the owner,
   * `request.session` is undefined: what is not for them is refused.
   *
   * @throws StanzaError
   */
  handle?(request: FeatureRequest): Promise<Element | undefined>
  /**
   * Changes an available presence of an own session before anybody else sees it, broadcast or directed (XEP-0398 §5).
   */
  outgoingPresence?(presence: Element): Element
  /**
   * A session became available (its first presence, RFC 6121 §4.2), changed its presence or became unavailable, its
   * `presence` undefined.
   */
  available?(session: ClientSession): void
  ended?(session: ClientSession): void
  /** Presence of a contact's resource, available or unavailable, as `AccountEvent` has it. */
  contactPresence?(presence: Element): void
  /** Resolves when everything under way is finished. Idempotent. */
  stop?(): Promise<void>
}
