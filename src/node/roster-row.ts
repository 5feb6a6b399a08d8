import type { Row } from '../system/store.ts'
import { parseElement } from '../xml/parser.ts'
import { isAsking, isPendingIn, type SubscriptionState, subscriptionOf } from '../xmpp/subscription-state.ts'
import type { RosterEntry } from './api.ts'
import type { rosterTable } from './tables/roster.ts'

export type RosterRow = Row<typeof rosterTable>

/** The subscription state of a row. */
export function stateOf(row: RosterRow): SubscriptionState {
  return row.state as SubscriptionState
}

/**
 * Whether clients see the item: somebody who has asked only is none (RFC 6121 §A.2.1), nor once refused, unless the user
 * put him on the roster. A row from before that was noted is one if it has anything that only the user can have given it.
 */
export function isListed(row: RosterRow): boolean {
  if (row.listed === null) {
    return row.approved === 1 || row.name !== null || row.state !== 'none-pending-in'
  }
  return row.listed === 1 || (row.state !== 'none-pending-in' && row.state !== 'none')
}

/** A row as the API shows it. */
export function toRosterEntry(row: RosterRow): RosterEntry {
  const state = stateOf(row)
  return {
    jid: row.jid,
    name: row.name ?? undefined,
    groups: row.groups === null ? [] : (JSON.parse(row.groups) as string[]),
    subscription: subscriptionOf(state),
    ask: isAsking(state),
    pendingIn: isPendingIn(state),
    request: row.request === null ? undefined : parseElement(row.request),
    approved: row.approved === 1,
    isListed: isListed(row),
  }
}
