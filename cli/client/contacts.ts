import { type Availability, type Contact, type Element, element, NS_OWNER } from '../../src/client.ts'
import type { NodeClient } from './node-client.ts'

/** A roster item, also the shape of `kabber contact list --json`. */
export interface ContactView {
  readonly address: string
  readonly name?: string
  readonly subscription: string
  /** Our request is unanswered. */
  readonly ask: boolean
  /** Their request waits for `contact accept`. */
  readonly pendingIn: boolean
  readonly presence: Availability
}

/** Everybody in the roster and everybody who asks to be. */
export async function listContacts(client: NodeClient): Promise<readonly ContactView[]> {
  const contacts = await client.query('get', element('contacts', NS_OWNER))
  return contacts?.elements('contact', NS_OWNER).map(contactView) ?? []
}

/** Adds somebody, or renames them, and asks to see when they are there. */
export async function addContact(client: NodeClient, contact: Contact): Promise<ContactView> {
  const hints = contact.hints.map(({ peerId, addresses }) =>
    element(
      'node',
      NS_OWNER,
      { id: peerId },
      addresses.map((address) => element('address', NS_OWNER, {}, [address])),
    ),
  )
  return await ask(client, element('add', NS_OWNER, { address: contact.address, name: contact.name }, hints))
}

/** Lets somebody who asked see when the owner is there, and asks them in turn. */
export async function acceptContact(client: NodeClient, address: string): Promise<ContactView> {
  return await ask(client, element('accept', NS_OWNER, { address }))
}

/** @throws CliError `item-not-found` if it is no contact */
export async function removeContact(client: NodeClient, address: string): Promise<void> {
  await client.query('set', element('remove', NS_OWNER, { address }))
}

async function ask(client: NodeClient, request: Element): Promise<ContactView> {
  return contactView((await client.query('set', request)) ?? element('contact', NS_OWNER))
}

function contactView(contact: Element): ContactView {
  const { address = '', name, subscription = 'none', ask, presence = 'unavailable', ...rest } = contact.attributes
  return {
    address,
    ...(name === undefined ? {} : { name }),
    subscription,
    ask: ask === 'true',
    pendingIn: rest['pending-in'] === 'true',
    presence: presence as Availability,
  }
}
