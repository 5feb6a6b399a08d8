import { messageView, newestMessages } from '../client/archive.ts'
import { listContacts } from '../client/contacts.ts'
import { findContact } from '../client/find-contact.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { messageLine } from '../message-line.ts'

/** Messages shown at most; they are collected in memory, for the archive is read from its end. */
const MAX_MESSAGES = 1_000_000

/** `kabber history ADDRESS [--limit N]` */
export async function history(
  context: CommandContext,
  [given = '']: readonly string[],
  options: { limit?: number },
): Promise<void> {
  await withNode(
    context,
    async (client) => {
      const { address, name } = findContact(await listContacts(client), given)
      const messages = await newestMessages(client, address, options.limit ?? MAX_MESSAGES)
      for (const message of messages) {
        context.output.result(messageView(message), messageLine(message, name))
      }
      if (messages.length === 0) {
        context.output.text('No messages yet.')
      }
    },
    given,
  )
}
