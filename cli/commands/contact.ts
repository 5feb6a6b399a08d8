import { acceptContact, addContact, type ContactView, listContacts, removeContact } from '../client/contacts.ts'
import { findContact } from '../client/find-contact.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { oneLine } from '../terminal-text.ts'

/** `kabber contact add ADDRESS [--name N]` */
export async function contactAdd(
  context: CommandContext,
  [address = '']: readonly string[],
  options: { name?: string },
): Promise<void> {
  await withNode(
    context,
    async (client) => {
      const { checked, ...found } = findContact(await listContacts(client), address)
      const contact = await addContact(client, { ...found, ...options })
      context.output.result(contact, `Added ${describe(contact)}`)
      if (!checked && !context.output.json) {
        context.output.note('Note: a bare address has no checksum; compare it with theirs, or use their contact URI.')
      }
    },
    address,
  )
}

/** `kabber contact list` */
export async function contactList(context: CommandContext): Promise<void> {
  await withNode(context, async (client) => {
    const contacts = await listContacts(client)
    for (const contact of contacts) {
      context.output.result(contact, describe(contact))
    }
    if (contacts.length === 0) {
      context.output.text('No contacts yet. Add one with: kabber contact add URI')
    }
  })
}

/** `kabber contact accept ADDRESS` */
export async function contactAccept(context: CommandContext, [address = '']: readonly string[]): Promise<void> {
  await withNode(
    context,
    async (client) => {
      const found = findContact(await listContacts(client), address)
      const contact = await acceptContact(client, found.address)
      context.output.result(contact, `Accepted ${describe(contact)}`)
    },
    address,
  )
}

/** `kabber contact remove ADDRESS` */
export async function contactRemove(context: CommandContext, [address = '']: readonly string[]): Promise<void> {
  await withNode(
    context,
    async (client) => {
      const found = findContact(await listContacts(client), address)
      await removeContact(client, found.address)
      context.output.result({ address: found.address }, `Removed ${found.address}`)
    },
    address,
  )
}

function describe(contact: ContactView): string {
  const name = contact.name === undefined ? '' : `${oneLine(contact.name)}  `
  return `${name}${contact.address}  ${subscriptionWords(contact)}`
}

/** The subscription states of RFC 6121 §2.1.2.5 in plain words. */
function subscriptionWords({ subscription, ask, pendingIn, presence }: ContactView): string {
  if (pendingIn) {
    return 'asks to see when you are there (kabber contact accept …)'
  }
  if (subscription === 'both' || subscription === 'to') {
    return presence
  }
  return ask ? 'has not answered your request yet' : 'does not show you when they are there'
}
