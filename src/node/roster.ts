import type { PeerAddresses } from '../system/network.ts'
import type { Reader, Transaction } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import { serialize } from '../xml/serializer.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import {
  inbound,
  isPendingIn,
  outbound,
  type SubscriptionState,
  type SubscriptionType,
  sendsPresenceTo,
} from '../xmpp/subscription-state.ts'
import type { RosterEntry } from './api.ts'
import { isListed, type RosterRow, stateOf, toRosterEntry } from './roster-row.ts'
import { contactHintsTable, rosterTable } from './tables/roster.ts'

/** Roster items of an account, counting requests of strangers; more are refused. *ours* */
const ROSTER_MAX_ITEMS = 2_000
/** Unanswered subscription requests of strangers; more are refused, so that contacts always fit. *ours* */
const ROSTER_MAX_REQUESTS = 500
/** Places remembered per contact from contact URIs. *ours* */
const HINTS_MAX_PER_CONTACT = 16

/** A request as XML text; of a longer one only the addresses are kept. *ours* */
const REQUEST_MAX_CHARACTERS = 4_096

/** What a presence stanza of a subscription type did to the roster. */
export interface RosterChange {
  readonly before: RosterEntry | undefined
  readonly entry: RosterEntry
  /** Outbound: the stanza goes to the contact. Inbound: the user is to see it. RFC 6121 appendix A */
  readonly pass: boolean
  /** The answer that the server gives in the user's name. RFC 6121 §3.1.3 */
  readonly reply: 'subscribed' | 'unsubscribed' | undefined
  /** The roster is not what it was. */
  readonly isChanged: boolean
}

/** The roster of one account (RFC 6121 §2, §3): a view on the store and the subscription state machine. */
export class Roster {
  readonly #reader: Reader
  readonly #account: string

  constructor(reader: Reader, account: string) {
    this.#reader = reader
    this.#account = account
  }

  items(): readonly RosterEntry[] {
    return this.#reader.list(rosterTable, { prefix: [this.#account] }).map(toRosterEntry)
  }

  item(jid: string): RosterEntry | undefined {
    const row = this.#reader.get(rosterTable, [this.#account, jid])
    return row === undefined ? undefined : toRosterEntry(row)
  }

  /** The subscription state towards a JID, `none` for strangers. */
  state(jid: string): SubscriptionState {
    return (this.#reader.get(rosterTable, [this.#account, jid])?.state ?? 'none') as SubscriptionState
  }

  /** Bare JIDs that get the user's presence. */
  watchers(): readonly string[] {
    const rows = this.#reader.list(rosterTable, { prefix: [this.#account] })
    return rows.filter((row) => sendsPresenceTo(stateOf(row))).map((row) => row.jid)
  }

  /** Bare JIDs with whom there is or may be a subscription. */
  contacts(): readonly string[] {
    const rows = this.#reader.list(rosterTable, { prefix: [this.#account] })
    return rows.filter((row) => row.state !== 'none').map((row) => row.jid)
  }

  /**
   * Adds an item or changes its name and groups; what is undefined stays. RFC 6121 §2.3
   *
   * @throws StanzaError resource-constraint
   */
  put(
    transaction: Transaction,
    jid: string,
    item: { readonly name?: string | null; readonly groups?: readonly string[] },
  ): RosterEntry {
    const row = this.#row(transaction, jid)
    if (row === undefined && transaction.count(rosterTable, { prefix: [this.#account] }) >= ROSTER_MAX_ITEMS) {
      throw new StanzaError('resource-constraint', 'the roster is full')
    }
    const next: RosterRow = { ...(row ?? this.#blank(jid)), listed: 1 }
    next.name = item.name === undefined ? next.name : item.name
    next.groups = item.groups === undefined ? next.groups : JSON.stringify(item.groups)
    transaction.put(rosterTable, next)
    return toRosterEntry(next)
  }

  /** Approves a request that may come, which makes a roster item if there is none (RFC 6121 §3.4.1). */
  approve(transaction: Transaction, jid: string): RosterEntry {
    this.put(transaction, jid, {})
    const next = { ...(this.#row(transaction, jid) as RosterRow), approved: 1 }
    transaction.put(rosterTable, next)
    return toRosterEntry(next)
  }

  /** The user's own subscription stanza. RFC 6121 appendix A.2; `unsubscribed` also ends an approval (§3.4.1). */
  outbound(transaction: Transaction, jid: string, type: SubscriptionType): RosterChange {
    const known = this.#row(transaction, jid)
    const row = known ?? this.#blank(jid)
    const result = outbound(stateOf(row), type)
    const next: RosterRow = { ...row, state: result.state }
    if (type === 'unsubscribed') {
      next.approved = 0
    }
    if (next.state !== 'none' && next.state !== 'none-pending-in') {
      next.listed = 1
    }
    this.#write(transaction, known, next)
    return {
      before: known && toRosterEntry(known),
      entry: toRosterEntry(next),
      pass: result.route,
      reply: undefined,
      isChanged: known === undefined ? next.state !== 'none' : isDifferent(known, next),
    }
  }

  /**
   * A subscription stanza from the contact. RFC 6121 appendix A.3; a request that was approved in advance is answered
   * at once (§3.4.2), any other is kept until the user answers (§3.1.3).
   *
   * @throws StanzaError resource-constraint
   */
  inbound(transaction: Transaction, jid: string, type: SubscriptionType, presence: Element): RosterChange {
    const known = this.#row(transaction, jid)
    const row = known ?? this.#blank(jid)
    const result = inbound(stateOf(row), type)
    const next: RosterRow = { ...row, state: result.state }
    if (known === undefined && isPendingIn(result.state)) {
      this.#refuseFlood(transaction)
    }
    let reply = result.autoReply
    let pass = result.deliver
    if (type === 'subscribe' && isPendingIn(result.state)) {
      if (row.approved === 1) {
        next.state = outbound(result.state, 'subscribed').state
        reply = 'subscribed'
        pass = false
      } else {
        next.request = result.deliver || row.request === null ? requestText(presence) : row.request
      }
    }
    this.#write(transaction, known, next)
    return {
      before: known && toRosterEntry(known),
      entry: toRosterEntry(next),
      pass,
      reply,
      isChanged: known === undefined ? next.state !== 'none' : isDifferent(known, next),
    }
  }

  remove(transaction: Transaction, jid: string): void {
    transaction.delete(rosterTable, [this.#account, jid])
    transaction.deleteRange(contactHintsTable, { prefix: [jid] })
  }

  /** Where the contact URI said that nodes of the contact are. */
  hints(jid: string): readonly PeerAddresses[] {
    const rows = this.#reader.list(contactHintsTable, { prefix: [jid], limit: HINTS_MAX_PER_CONTACT })
    return rows.map((row) => ({ peerId: row.peer_id, addresses: row.addresses.split('\n').filter(Boolean) }))
  }

  putHints(transaction: Transaction, jid: string, hints: readonly PeerAddresses[]): void {
    for (const hint of hints.slice(0, HINTS_MAX_PER_CONTACT)) {
      transaction.put(contactHintsTable, { jid, peer_id: hint.peerId, addresses: hint.addresses.join('\n') })
    }
  }

  #row(reader: Pick<Reader, 'get'>, jid: string): RosterRow | undefined {
    return reader.get(rosterTable, [this.#account, jid])
  }

  #blank(jid: string): RosterRow {
    const own = { name: null, groups: null, listed: 0, approved: 0 }
    return { account: this.#account, jid, state: 'none', request: null, ...own }
  }

  /** Nothing stays of somebody who has asked only and does so no more. */
  #write(transaction: Transaction, known: RosterRow | undefined, next: RosterRow): void {
    if (!isPendingIn(stateOf(next))) {
      next.request = null
    }
    const isNobody = next.state === 'none' && (known === undefined || !isListed(known))
    if (!isNobody) {
      transaction.put(rosterTable, next)
    } else if (known !== undefined) {
      this.remove(transaction, next.jid)
    }
  }

  #refuseFlood(transaction: Transaction): void {
    const items = transaction.list(rosterTable, { prefix: [this.#account] })
    const requests = items.filter((row) => row.state === 'none-pending-in').length
    if (items.length >= ROSTER_MAX_ITEMS || requests >= ROSTER_MAX_REQUESTS) {
      throw new StanzaError('resource-constraint', 'too many subscription requests wait for an answer')
    }
  }
}

function isDifferent(a: RosterRow, b: RosterRow): boolean {
  return a.state !== b.state || a.approved !== b.approved || a.request !== b.request || isListed(a) !== isListed(b)
}

function requestText(presence: Element): string {
  const text = serialize(presence)
  return text.length <= REQUEST_MAX_CHARACTERS ? text : serialize(presence.withChildren([]))
}
