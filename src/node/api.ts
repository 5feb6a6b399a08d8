import type { XWing } from '../sealing/xwing.ts'
import type { Path, PeerAddresses, Reachability, ReachReport } from '../system/network.ts'
import type { Element } from '../xml/element.ts'
import type { Subscription } from '../xmpp/subscription-state.ts'
import type { OwnKeys } from './own-keys.ts'

/**
 * Where a message that was sent stands. `queued`: on this node's disk. `stored`: sealed on the disks of enough
 * custodians, so that this node may leave. `delivered`: on the disk of a node of the recipient. `failed`: given up, an
 * error stanza was stored for the sender.
 */
export type DeliveryState = 'queued' | 'stored' | 'delivered' | 'failed'

/** A message as `send` accepted it; it is on disk. */
export interface SentMessage {
  /** The archive id, also the XEP-0359 stanza-id under which it travels. */
  readonly id: string
  readonly state: DeliveryState
}

/** A message of the archive. */
export interface ArchivedMessage {
  /**
   * Its id in the archive of the account (XEP-0313 §3, XEP-0359): what own clients see as `<stanza-id/>` by the account.
   * Decimal digits; grows with the order of arrival.
   */
  readonly archiveId: string
  /** The id under which nodes know it. */
  readonly id: string
  /** Bare JID of the other side. */
  readonly peer: string
  readonly direction: 'in' | 'out'
  readonly from: string
  readonly to: string
  /** Text of the first `<body/>`, empty if there is none. */
  readonly body: string
  /** When it was sent (out) or, for one that waited somewhere, its XEP-0203 stamp (in). Milliseconds since 1970. */
  readonly stampMs: number
  readonly state: DeliveryState | 'received'
  readonly stanza: Element
}

/** A roster item of RFC 6121 §2.1. */
export interface RosterEntry {
  /** Bare JID. */
  readonly jid: string
  readonly name: string | undefined
  /** RFC 6121 §2.1.2.5, without repetition. */
  readonly groups: readonly string[]
  readonly subscription: Subscription
  /** Our subscription request is unanswered (`ask='subscribe'`). */
  readonly ask: boolean
  /** Their subscription request waits for an answer. It alone does not make a roster item: see `isListed`. */
  readonly pendingIn: boolean
  /** What they sent with their request (RFC 6121 §3.1.3 note), while it waits. */
  readonly request: Element | undefined
  /** Approved in advance (RFC 6121 §3.4): `approved='true'`. */
  readonly approved: boolean
  /** Whether clients see it: somebody who only has asked is none (RFC 6121 §3.1.3, appendix A: None + Pending In). */
  readonly isListed: boolean
}

/** A public PEP item (XEP-0163), part of the account record. */
export interface PublicItem {
  readonly node: string
  readonly id: string
  /** The child of `<item/>`. */
  readonly payload: Element
}

/** What an account shows to everybody who knows its address. */
export interface PublicProfile {
  /** XEP-0172; empty when there is none. */
  readonly nickname: string
  readonly items: readonly PublicItem[]
}

/** Which messages of the archive (XEP-0313 §4.1), and which page of them (XEP-0059). */
export interface ArchiveQuery {
  /** A bare JID: the conversation; a full JID: messages from or to exactly that. */
  readonly with?: string
  readonly startMs?: number
  readonly endMs?: number
  /** Archive ids; only messages after or before these. An unknown one throws `item-not-found`. */
  readonly afterId?: string
  readonly beforeId?: string
  /** Exactly these messages; one that is not there throws `item-not-found`. */
  readonly ids?: readonly string[]
  /** From a page that was cut short: goes on where its search was given up. */
  readonly resumeAt?: string
  /** The page is taken from the end. @default false */
  readonly fromEnd?: boolean
  /** @default 50, at most 1000 */
  readonly limit?: number
}

/** A page of the archive, oldest first. */
export interface ArchivePage {
  readonly messages: readonly ArchivedMessage[]
  /** No message of the query lies beyond this page in the direction of paging. */
  readonly isComplete: boolean
  /** The search took too long for one turn and was given up here: the rest of the page is had by asking again. */
  readonly resumeAt?: string
}

/** What happens to an account; told after it is on disk. */
export type AccountEvent =
  | { readonly type: 'message'; readonly message: ArchivedMessage }
  | {
      readonly type: 'message-state'
      readonly id: string
      readonly peer: string
      readonly state: DeliveryState
      /** With `stored`: custodians whose signed receipts are here, and how many were asked. */
      readonly receipts?: number
      readonly of?: number
      /** With `failed`: the error stanza for the client that sent it, if it is known. */
      readonly error?: Element
    }
  | { readonly type: 'roster'; readonly entry: RosterEntry }
  /** Their subscription stanza that the user is to see (RFC 6121 §3); for `subscribe` see `RosterEntry.request`. */
  | { readonly type: 'subscription'; readonly presence: Element }
  | { readonly type: 'blocked'; readonly jids: readonly string[] }
  | { readonly type: 'unblocked'; readonly jids: readonly string[] }
  | { readonly type: 'roster-removed'; readonly jid: string }
  /** A presence stanza from a contact (available or unavailable). */
  | { readonly type: 'presence'; readonly presence: Element }
  /** A message with nothing to keep, such as a chat state (XEP-0085). */
  | { readonly type: 'transient'; readonly message: Element }

/** Bounds and start of a page of history; the newest messages when nothing is given. */
export interface HistoryQuery {
  /** @default 50, at most 1000 */
  readonly limit?: number
  /** Only messages older than the one with this id. */
  readonly beforeId?: string
}

/** Answers an iq get or set from a peer's node: an iq result or error. */
export type QueryHandler = (iq: Element) => Promise<Element>

/** One account of the node, as its owner's clients see it. All JIDs are text; malformed ones throw `StanzaError`. */
export interface Account {
  /** The bare JID, an XID. */
  readonly address: string
  /** The name given to `init`, which the account record shows to others. */
  readonly nickname: string | undefined
  /** What the owner may type instead of the XID where he logs in; undefined: no alias. */
  readonly alias: string | undefined
  /** The contact URI to hand to others, with this node's current addresses. */
  contactUri(): string

  /**
   * Accepts a message stanza (`to` set). Resolves when it is on disk, or at once for one that is not stored
   * (XEP-0334), which is sent only if the recipient is reachable now. To the own bare JID: archived once, as received.
   * Calls may overlap; messages leave in the order of the calls.
   *
   * @throws StanzaError with the reason it is refused
   */
  send(message: Element): Promise<SentMessage>
  /** State of a message that was sent to `peer`, or undefined if there is none with this id. */
  messageState(peer: string, id: string): DeliveryState | undefined
  /** Messages with `peer`, oldest first. */
  history(peer: string, query?: HistoryQuery): readonly ArchivedMessage[]
  /** A page of the archive; what asks not to be archived (XEP-0334 §4.1) is not in it. */
  archive(query: ArchiveQuery): ArchivePage
  /**
   * Messages received whose archive id is greater than `archiveId` (undefined: from the beginning), oldest first, those
   * that ask not to be archived included: what no client has had.
   */
  receivedAfter(archiveId: string | undefined, limit: number): readonly ArchivedMessage[]

  /** Sends an iq get or set and resolves with the answer, an iq result or error (RFC 6120 §8.2.3). */
  query(iq: Element, signal: AbortSignal): Promise<Element>
  /** Who answers iqs from the network from now on; without one they get `service-unavailable`. */
  answerQueries(handler: QueryHandler | undefined): void

  roster(): readonly RosterEntry[]
  rosterItem(jid: string): RosterEntry | undefined
  /** A roster set of the owner (RFC 6121 §2.3, §2.4): name and groups, replaced as given; nothing is sent. */
  setRosterItem(jid: string, item: { name: string | undefined; groups: readonly string[] }): Promise<RosterEntry>
  /**
   * A presence stanza of type subscribe, subscribed, unsubscribe or unsubscribed to a contact (RFC 6121 §3, appendix A).
   * `subscribed` for somebody who has not asked approves in advance (§3.4).
   */
  sendSubscription(presence: Element): Promise<void>
  /** Adds or renames a roster item and asks for its presence (RFC 6121 §2.3, §3.1); their request is approved. */
  addContact(jid: string, options?: { name?: string; hints?: readonly PeerAddresses[] }): Promise<RosterEntry>
  /** Approves a subscription request and asks for theirs in turn (RFC 6121 §3.1.5). */
  acceptContact(jid: string): Promise<RosterEntry>
  /** Removes the item and both subscriptions (RFC 6121 §2.5). False if there was none. */
  removeContact(jid: string): Promise<boolean>

  /** Presence of an own resource, sent to everybody with a subscription; undefined, or of type unavailable: it is gone. */
  setPresence(resource: string, presence: Element | undefined): void
  /** Directed presence (RFC 6121 §4.6): `from` and `to` set; sent over the link that is up, or not at all. */
  sendPresence(presence: Element): void
  /** The last available presence stanzas of a contact, empty when unavailable. */
  presencesOf(jid: string): readonly Element[]

  /** Blocked JIDs (XEP-0191): bare, full or domains. What they send is refused, they see us unavailable. */
  blocked(): readonly string[]
  block(jids: readonly string[]): Promise<void>
  /** Empty: all. */
  unblock(jids: readonly string[]): Promise<void>

  /**
   * Shows these items to everybody who knows the address, as part of the account record; resolves when they are on
   * disk, published soon after. Items that do not fit into a record are left out, the last ones first.
   */
  setPublicProfile(profile: PublicProfile): Promise<void>
  /** What an account shows, from cache, disk or custodians; undefined if its record cannot be found. */
  publicProfile(jid: string, signal: AbortSignal): Promise<PublicProfile | undefined>
  /** Whether a node of the account is connected now. */
  isReachable(jid: string): boolean

  subscribe(listener: (event: AccountEvent) => void): () => void
}

/** What `kabber status` shows. */
export interface NodeStatus {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly reachability: Reachability
  /** How others reach this node, and why not otherwise. */
  readonly reach: ReachReport
  readonly connectedPeers: number
  readonly accounts: readonly {
    readonly address: string
    readonly contacts: number
    /** Contacts to whom a stanza stream is up. */
    readonly linkedContacts: number
    /** How stanzas get to them now: straight or through a relay; the first 100. */
    readonly links: readonly { readonly contact: string; readonly path: Path }[]
    readonly outboxMessages: number
    /** Custodians that hold the current account record, counted at its last publication. */
    readonly recordCustodians: number
    /** The own mailbox: custodians found for today's, those whose new letters come as they arrive, letters opened since start. */
    readonly mailbox: { readonly custodians: number; readonly followed: number; readonly collected: number }
  }[]
  /** Account records kept for others. */
  readonly recordsKept: number
  /** Sealed letters kept for others; `limitBytes` 0: none are. */
  readonly letters: {
    readonly kept: number
    readonly bytes: number
    readonly mailboxes: number
    readonly limitBytes: number
  }
  /** Refused input by reason, since start. */
  readonly refused: Readonly<Record<string, number>>
}

export interface NodeInit extends OwnKeys {
  /** Bytes of letters kept for others; 0 keeps none, and the node is only a client of the DHT. @default 512 MiB */
  readonly storageBytes?: number
  /** Seals and opens letters. @default over the fastest ML-KEM-768 there is, which cannot be given randomness */
  readonly kem?: XWing
}

/** A running or startable node: everything the gateway and the command line may touch. */
export interface KabberNode {
  readonly peerId: string
  readonly accounts: readonly Account[]
  /** Starts network, protocols and timers. Idempotent. */
  start(): Promise<void>
  /** Stops all it started and closes network and store. Idempotent; final. */
  stop(): Promise<void>
  status(): NodeStatus
}
