import { element, NS_CLIENT } from '../../src/client.ts'
import { Conversation } from '../chat/conversation.ts'
import { type InputLines, openInputLines } from '../chat/input-lines.ts'
import { CliError } from '../cli-error.ts'
import { newestMessages } from '../client/archive.ts'
import { type ContactView, listContacts } from '../client/contacts.ts'
import { findContact } from '../client/find-contact.ts'
import { incomingEvents } from '../client/incoming.ts'
import type { NodeClient } from '../client/node-client.ts'
import { Outgoing } from '../client/outgoing.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { speaker } from '../message-line.ts'

/** Messages shown on entry. */
const HISTORY_MESSAGES = 20

/** After the end of a pipe, how long messages may take to arrive or be stored, milliseconds. What is late stays queued. */
const LAST_DELIVERY_MS = 10_000

const HELP = `   /quit  leave (or Ctrl-D)     /help  this
   //text sends a line that begins with a slash. … waits here, ▪ is kept for them by others,
   ✓ is on the disk of their node.`

/** `kabber chat ADDRESS` */
export async function chat(context: CommandContext, [address = '']: readonly string[]): Promise<void> {
  await withNode(context, (client) => converse(context, client, address), address)
}

async function converse(context: CommandContext, client: NodeClient, given: string): Promise<void> {
  const { output } = context
  const contacts = await listContacts(client)
  const { address, name } = findContact(contacts, given)
  output.text(`Talking to ${speaker(name, address)}. /help for help, /quit to leave.`)
  const input = openInputLines()
  const outgoing = await Outgoing.open(client)
  const conversation = new Conversation({
    outgoing,
    output,
    address,
    name,
    echo: !input.interactive,
    around: (print) => input.around(print),
  })
  const before = await newestMessages(client, address, HISTORY_MESSAGES)
  input.around(() => conversation.showHistory(before))
  outgoing.onNews((news) => conversation.handle({ event: 'message-state', ...news }))
  const nameOf = (jid: string): string => speaker(contactAt(contacts, jid)?.name, jid)
  incomingEvents(client, before.at(-1)?.archiveId, (event) => {
    if (event.event === 'message' && event.peer !== address) {
      // This session may be the only client: what it was given and did not show would be noticed nowhere.
      input.around(() => output.text(`-- a message from ${nameOf(event.peer)}: kabber chat ${event.peer}`))
    }
    conversation.handle(event)
  })
  // RFC 6121 §4.2: from here on the owner is there, and hears who else is.
  client.send(element('presence', NS_CLIENT))
  conversation.showPresence(contactAt(contacts, address)?.presence ?? 'unavailable')
  try {
    await Promise.race([talk(conversation, input, output.text.bind(output)), nodeGone(client)])
  } finally {
    input.close()
  }
  if (conversation.failures > 0 && !input.interactive) {
    context.exitWith(EXIT_CODES.failed)
  }
}

function contactAt(contacts: readonly ContactView[], jid: string): ContactView | undefined {
  return contacts.find(({ address }) => address === jid)
}

async function talk(conversation: Conversation, input: InputLines, print: (text: string) => void): Promise<void> {
  for await (const line of input.lines) {
    if (line === '/quit') {
      return
    }
    if (line === '/help') {
      print(HELP)
    } else if (/^\/(?!\/|me )/.test(line)) {
      print(
        `   There is no command ${line.split(' ', 1)[0]}; /help lists them, //… sends a line that begins with a slash.`,
      )
    } else if (line.trim() !== '') {
      await conversation.send(line.replace(/^\/\//, '/'))
    }
  }
  if (!input.interactive) {
    await conversation.settled(LAST_DELIVERY_MS)
  }
}

async function nodeGone(client: NodeClient): Promise<never> {
  await client.closed
  throw new CliError(EXIT_CODES.failed, 'service-unavailable', 'the node stopped; what was sent is on its disk')
}
