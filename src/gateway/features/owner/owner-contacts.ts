import type { Account, RosterEntry } from '../../../node/api.ts'
import type { PeerAddresses } from '../../../system/network.ts'
import { type Element, element } from '../../../xml/element.ts'
import { availabilityOf } from '../../../xmpp/availability.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import { NS_OWNER, required } from './owner-requests.ts'

/** Nodes named with a new contact, and addresses of each: as many as a contact URI has (src/identity). */
const MAX_HINTS = 16

/** `<contacts/>`: everybody in the roster and everybody who asks to be, with how they are there. */
export function listContacts(account: Account): Element {
  const contacts = account.roster().map((entry) => contactElement(account, entry))
  return element('contacts', NS_OWNER, {}, contacts)
}

/** `<add address='…' name='…'><node id='12D3KooW…'><address>/ip4/…</address></node></add>` */
export async function addContact(account: Account, payload: Element): Promise<Element> {
  const name = payload.attribute('name')
  const hints = payload.elements('node', NS_OWNER).slice(0, MAX_HINTS).map(readHint)
  const entry = await account.addContact(required(payload, 'address'), {
    ...(name === undefined ? {} : { name }),
    hints,
  })
  return contactElement(account, entry)
}

/** `<accept address='…'/>` */
export async function acceptContact(account: Account, payload: Element): Promise<Element> {
  return contactElement(account, await account.acceptContact(required(payload, 'address')))
}

/** `<remove address='…'/>` */
export async function removeContact(account: Account, payload: Element): Promise<undefined> {
  const address = required(payload, 'address')
  if (!(await account.removeContact(address))) {
    throw new StanzaError('item-not-found', `${address} is not among your contacts`)
  }
}

function readHint(node: Element): PeerAddresses {
  const addresses = node.elements('address', NS_OWNER).slice(0, MAX_HINTS)
  return { peerId: required(node, 'id'), addresses: addresses.map((address) => address.text()) }
}

function contactElement(account: Account, entry: RosterEntry): Element {
  return element('contact', NS_OWNER, {
    address: entry.jid,
    name: entry.name,
    subscription: entry.subscription,
    ask: entry.ask ? 'true' : undefined,
    'pending-in': entry.pendingIn ? 'true' : undefined,
    presence: availabilityOf(account.presencesOf(entry.jid)),
  })
}
