import type { RosterEntry } from '../../node/api.ts'
import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'

/** Roster management (RFC 6121 §2). */
export const NS_ROSTER = 'jabber:iq:roster'

/** Name of a contact, in UTF-16 units; RFC 6121 §2.3.3 leaves the limit to the server. *ours* */
const MAX_NAME_LENGTH = 1_023
/** Name of a group. *ours* */
const MAX_GROUP_LENGTH = 1_023
/** Groups of one contact. *ours* */
const MAX_GROUPS_PER_ITEM = 64

/** What a client wants of one roster item. */
export interface RosterSet {
  readonly jid: string
  readonly isRemoval: boolean
  readonly name: string | undefined
  readonly groups: readonly string[]
}

/** A roster item as clients see it (RFC 6121 §2.1.2). */
export function rosterItemElement(entry: RosterEntry): Element {
  const attributes = {
    jid: entry.jid,
    name: entry.name,
    subscription: entry.subscription,
    ask: entry.ask ? 'subscribe' : undefined,
    approved: entry.approved ? 'true' : undefined,
  }
  return element(
    'item',
    NS_ROSTER,
    attributes,
    entry.groups.map((group) => element('group', NS_ROSTER, {}, [group])),
  )
}

/** An item that is gone (RFC 6121 §2.5.2). */
export function removedItemElement(jid: string): Element {
  return element('item', NS_ROSTER, { jid, subscription: 'remove' })
}

/**
 * Reads the payload of a roster set.
 *
 * @throws StanzaError as RFC 6121 §2.3.3 says
 */
export function readRosterSet(query: Element): RosterSet {
  const items = query.elements('item', NS_ROSTER)
  const [item] = items
  const address = item?.attribute('jid')
  if (item === undefined || items.length > 1 || address === undefined) {
    throw new StanzaError('bad-request', 'A roster set has one item, and that a JID.')
  }
  const jid = Jid.parse(address).bare().toString()
  const groups = item.elements('group', NS_ROSTER).map((group) => group.text())
  if (new Set(groups).size !== groups.length) {
    throw new StanzaError('bad-request', 'A group is named twice.')
  }
  const name = item.attribute('name')
  const legalGroups = groups.every((group) => group !== '' && group.length <= MAX_GROUP_LENGTH)
  if ((name?.length ?? 0) > MAX_NAME_LENGTH || groups.length > MAX_GROUPS_PER_ITEM || !legalGroups) {
    throw new StanzaError('not-acceptable', 'A name is too long, or a group has none.')
  }
  // §2.1.2.5: of the subscription a client may only say that it ends.
  const isRemoval = item.attribute('subscription') === 'remove'
  return { jid, isRemoval, name: name === '' ? undefined : name, groups }
}

/** The version of a roster (RFC 6121 §2.6): a hash over what clients see of it, so that nothing has to be stored. */
export function rosterVersion(entries: readonly RosterEntry[]): string {
  const hash = { high: 0xdeadbeef, low: 0x41c6ce57 }
  for (const { jid, name, groups, subscription, ask, approved } of entries) {
    mix(hash, JSON.stringify([jid, name ?? null, groups, subscription, ask, approved]))
  }
  return [hash.high, hash.low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Two multiplicative hashes side by side; only equality matters, nobody gains by a collision in their own roster. */
function mix(hash: { high: number; low: number }, text: string): void {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    hash.high = Math.imul(hash.high ^ unit, 2_654_435_761)
    hash.low = Math.imul(hash.low ^ unit, 1_597_334_677)
    hash.high ^= hash.low >>> 15
    hash.low ^= hash.high >>> 13
  }
}
