import type { PeerAddresses, Reachability } from '../system/network.ts'
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
  readonly subscription: Subscription
  /** Our subscription request is unanswered (`ask='subscribe'`). */
  readonly ask: boolean
  /** Their subscription request waits for `acceptContact`. */
  readonly pendingIn: boolean
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
    }
  | { readonly type: 'roster'; readonly entry: RosterEntry }
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

/** One account of the node, as its owner's clients see it. All JIDs are text; malformed ones throw `StanzaError`. */
export interface Account {
  /** The bare JID, an XID. */
  readonly address: string
  /** The contact URI to hand to others, with this node's current addresses. */
  contactUri(): string
  /**
   * Accepts a message stanza (`to` set). Resolves when it is on disk, or at once for one that is not stored
   * (XEP-0334), which is sent only if the recipient is reachable now.
   *
   * @throws StanzaError with the reason it is refused
   */
  send(message: Element): Promise<SentMessage>
  /** State of a message that was sent to `peer`, or undefined if there is none with this id. */
  messageState(peer: string, id: string): DeliveryState | undefined
  /** Sends an iq get or set and resolves with the answer, an iq result or error (RFC 6120 §8.2.3). */
  query(iq: Element, signal: AbortSignal): Promise<Element>
  /** Messages with `peer`, oldest first. */
  history(peer: string, query?: HistoryQuery): readonly ArchivedMessage[]
  roster(): readonly RosterEntry[]
  /** Adds or renames a roster item and asks for its presence (RFC 6121 §2.3, §3.1). */
  addContact(jid: string, options?: { name?: string; hints?: readonly PeerAddresses[] }): Promise<RosterEntry>
  /** Approves a subscription request and asks for theirs in turn (RFC 6121 §3.1.5). */
  acceptContact(jid: string): Promise<RosterEntry>
  /** Removes the item and both subscriptions (RFC 6121 §2.5). False if there was none. */
  removeContact(jid: string): Promise<boolean>
  /** Own presence, sent to everybody with a subscription; undefined is unavailable. */
  setPresence(presence: Element | undefined): void
  /** The last available presence stanzas of a contact, empty when unavailable. */
  presencesOf(jid: string): readonly Element[]
  subscribe(listener: (event: AccountEvent) => void): () => void
}

/** What `kabber status` shows. */
export interface NodeStatus {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly reachability: Reachability
  readonly connectedPeers: number
  readonly accounts: readonly {
    readonly address: string
    readonly contacts: number
    /** Contacts to whom a stanza stream is up. */
    readonly linkedContacts: number
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
