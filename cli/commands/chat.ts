import { Conversation } from '../chat/conversation.ts'
import { type InputLines, openInputLines } from '../chat/input-lines.ts'
import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import type { ControlClient } from '../control/client.ts'
import type { PresenceWord } from '../control/messages.ts'
import { withNode } from '../control/with-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { speaker } from '../message-line.ts'
import { newestMessages } from './history.ts'

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

async function converse(context: CommandContext, client: ControlClient, given: string): Promise<void> {
  const { output } = context
  const found = await client.request<{ address: string; name?: string; presence: PresenceWord }>('find', {
    address: given,
  })
  output.text(`Talking to ${speaker(found.name, found.address)}. /help for help, /quit to leave.`)
  const input = openInputLines()
  const conversation = new Conversation({
    client,
    output,
    address: found.address,
    name: found.name,
    echo: !input.interactive,
    around: (print) => input.around(print),
  })
  const before = await newestMessages(client, found.address, HISTORY_MESSAGES)
  input.around(() => conversation.showHistory(before))
  client.onEvent((event) => conversation.handle(event))
  await client.request('subscribe', { available: true })
  conversation.showPresence(found.presence)
  try {
    await Promise.race([talk(conversation, input, output.text.bind(output)), nodeGone(client)])
  } finally {
    input.close()
  }
  if (conversation.failures > 0 && !input.interactive) {
    context.exitWith(EXIT_CODES.failed)
  }
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

async function nodeGone(client: ControlClient): Promise<never> {
  await client.closed
  throw new CliError(EXIT_CODES.failed, 'service-unavailable', 'the node stopped; what was sent is on its disk')
}
