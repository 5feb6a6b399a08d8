import type { PeerAddresses } from '../system/network.ts'
import type { Reader, Row, Transaction } from '../system/store.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import {
  inbound,
  isAsking,
  isPendingIn,
  outbound,
  type SubscriptionState,
  type SubscriptionType,
  subscriptionOf,
} from '../xmpp/subscription-state.ts'
import type { RosterEntry } from './api.ts'
import { contactHintsTable, rosterTable } from './tables/roster.ts'

/** Roster items of an account, counting requests of strangers; more are refused. *ours* */
const ROSTER_MAX_ITEMS = 2_000
/** Unanswered subscription requests of strangers; more are refused, so that contacts always fit. *ours* */
const ROSTER_MAX_REQUESTS = 500
/** Places remembered per contact from contact URIs. *ours* */
const HINTS_MAX_PER_CONTACT = 16

type RosterRow = Row<typeof rosterTable>

/** What a presence stanza of a subscription type did to the roster. */
export interface RosterChange {
  readonly before: RosterEntry | undefined
  readonly entry: RosterEntry
  /** Outbound: the stanza goes to the contact. Inbound: the user is to see it. RFC 6121 appendix A */
  readonly pass: boolean
  /** The answer that the server gives in the user's name. RFC 6121 §3.1.3 */
  readonly reply: 'subscribed' | 'unsubscribed' | undefined
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
    return this.#reader.list(rosterTable, { prefix: [this.#account] }).map(toEntry)
  }

  item(jid: string): RosterEntry | undefined {
    const row = this.#reader.get(rosterTable, [this.#account, jid])
    return row === undefined ? undefined : toEntry(row)
  }

  /** The subscription state towards a JID, `none` for strangers. */
  state(jid: string): SubscriptionState {
    return (this.#reader.get(rosterTable, [this.#account, jid])?.state ?? 'none') as SubscriptionState
  }

  /** Adds an item or renames it; its requests are approved in advance (RFC 6121 §3.4). */
  put(transaction: Transaction, jid: string, name: string | undefined): RosterEntry {
    const row = this.#row(transaction, jid)
    if (row === undefined && transaction.count(rosterTable, { prefix: [this.#account] }) >= ROSTER_MAX_ITEMS) {
      throw new StanzaError('resource-constraint', 'the roster is full')
    }
    const next: RosterRow = { ...(row ?? this.#blank(jid)), approved: 1 }
    next.name = name ?? next.name
    transaction.put(rosterTable, next)
    return toEntry(next)
  }

  /** The user's own subscription stanza. RFC 6121 appendix A.2 */
  outbound(transaction: Transaction, jid: string, type: SubscriptionType): RosterChange {
    const row = this.#row(transaction, jid) ?? this.#blank(jid)
    const result = outbound(row.state as SubscriptionState, type)
    const next = { ...row, state: result.state }
    transaction.put(rosterTable, next)
    return { before: toEntry(row), entry: toEntry(next), pass: result.route, reply: undefined }
  }

  /**
   * A subscription stanza from the contact. RFC 6121 appendix A.3; a request that was approved in advance is answered
   * at once (§3.4.2).
   *
   * @throws StanzaError resource-constraint
   */
  inbound(transaction: Transaction, jid: string, type: SubscriptionType): RosterChange {
    const known = this.#row(transaction, jid)
    const row = known ?? this.#blank(jid)
    const result = inbound(row.state as SubscriptionState, type)
    let next: RosterRow = { ...row, state: result.state }
    if (known === undefined && isPendingIn(result.state)) {
      this.#refuseFlood(transaction)
    }
    let reply = result.autoReply
    let pass = result.deliver
    if (type === 'subscribe' && row.approved === 1 && isPendingIn(result.state)) {
      next = { ...next, state: outbound(result.state, 'subscribed').state }
      reply = 'subscribed'
      pass = false
    }
    if (known !== undefined || next.state !== 'none') {
      transaction.put(rosterTable, next)
    }
    return { before: known === undefined ? undefined : toEntry(known), entry: toEntry(next), pass, reply }
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
    return { account: this.#account, jid, name: null, state: 'none', approved: 0 }
  }

  #refuseFlood(transaction: Transaction): void {
    const items = transaction.list(rosterTable, { prefix: [this.#account] })
    const requests = items.filter((row) => row.state === 'none-pending-in').length
    if (items.length >= ROSTER_MAX_ITEMS || requests >= ROSTER_MAX_REQUESTS) {
      throw new StanzaError('resource-constraint', 'too many subscription requests wait for an answer')
    }
  }
}

function toEntry(row: RosterRow): RosterEntry {
  const state = row.state as SubscriptionState
  return {
    jid: row.jid,
    name: row.name ?? undefined,
    subscription: subscriptionOf(state),
    ask: isAsking(state),
    pendingIn: isPendingIn(state),
  }
}
