import type { Account, ArchivedMessage, Element, KabberNode, RosterEntry } from '../../src/index.ts'
import type { ContactView, MessageView, PresenceWord } from './messages.ts'

/** Where a node listens, in the form that `--bootstrap` takes. */
export function bootstrapAddresses(node: KabberNode): readonly string[] {
  return node.status().addresses.map((address) => `${address}/p2p/${node.peerId}`)
}

/** A message of the archive as the command line shows it. */
export function messageView(message: ArchivedMessage): MessageView {
  return {
    id: message.id,
    from: message.from,
    to: message.to,
    body: message.body,
    stamp: new Date(message.stampMs).toISOString(),
    direction: message.direction,
    state: message.state,
  }
}

/** A roster item with the contact's presence. */
export function contactView(account: Account, entry: RosterEntry): ContactView {
  return {
    address: entry.jid,
    ...(entry.name === undefined ? {} : { name: entry.name }),
    subscription: entry.subscription,
    ask: entry.ask,
    pendingIn: entry.pendingIn,
    presence: presenceWord(account, entry.jid),
  }
}

const SHOW_VALUES: readonly string[] = ['chat', 'away', 'xa', 'dnd'] satisfies PresenceWord[]

/** Most willing to talk first. */
const AVAILABILITY: readonly PresenceWord[] = ['chat', 'available', 'away', 'xa', 'dnd']

/** The contact's presence over all its resources: the most willing to talk (RFC 6121 §4.7.2.1). */
export function presenceWord(account: Account, jid: string): PresenceWord {
  const words = account.presencesOf(jid).map(showOf)
  return AVAILABILITY.find((word) => words.includes(word)) ?? 'unavailable'
}

function showOf(presence: Element): PresenceWord {
  const show = presence.child('show')?.text() ?? ''
  return SHOW_VALUES.includes(show) ? (show as PresenceWord) : 'available'
}
