import { CliError } from '../cli-error.ts'
import { listContacts } from '../client/contacts.ts'
import { findContact } from '../client/find-contact.ts'
import type { NodeClient } from '../client/node-client.ts'
import { type AwaitedState, isReached, Outgoing, type Sent } from '../client/outgoing.ts'
import { withNode } from '../client/with-node.ts'
import type { CommandContext } from '../context.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { checkMessageText, MAX_TEXT_BYTES } from '../message-text.ts'
import { readStdin } from '../read-stdin.ts'

interface SendOptions {
  readonly wait?: AwaitedState
  /** Milliseconds. */
  readonly timeout: number
}

/** `kabber send ADDRESS TEXT [--wait stored|delivered] [--timeout 30s]` */
export async function send(
  context: CommandContext,
  [address = '', argument = '']: readonly string[],
  options: SendOptions,
): Promise<void> {
  const text = argument === '-' ? (await readStdin(MAX_TEXT_BYTES)).replace(/\r?\n$/, '') : argument
  checkMessageText(text)
  await withNode(
    context,
    async (client) => {
      const sent = await sendAndMaybeWait(client, address, text, options)
      context.output.result(sent, describe(sent))
      reportFailure(context, sent, options)
    },
    address,
  )
}

async function sendAndMaybeWait(
  client: NodeClient,
  given: string,
  text: string,
  { wait, timeout }: SendOptions,
): Promise<Sent> {
  const { address } = findContact(await listContacts(client), given)
  const outgoing = await Outgoing.open(client)
  const sent = await outgoing.send(address, text)
  return wait === undefined ? sent : await outgoing.settled(sent, timeout, wait)
}

function describe(sent: Sent): string {
  switch (sent.state) {
    case 'delivered':
      return 'Delivered.'
    case 'failed':
      return 'Not delivered.'
    case 'stored':
      return `${storedWords(sent)}: it reaches them though this node leaves.`
    default:
      return 'Queued: it is on disk here and goes out as soon as their node, or custodians of it, can be reached.'
  }
}

function storedWords({ receipts, of }: Sent): string {
  return receipts === undefined ? 'Stored with custodians' : `Stored with ${receipts} of ${of} custodians`
}

function reportFailure(context: CommandContext, sent: Sent, { wait, timeout }: SendOptions): void {
  if (sent.state === 'failed') {
    throw new CliError(EXIT_CODES.failed, 'undelivered', 'the message was refused or has expired')
  }
  if (wait !== undefined && !isReached(sent.state, wait)) {
    context.output.note(`kabber: not ${wait} within ${timeout / 1000} s; the message stays ${sent.state}`)
    context.exitWith(EXIT_CODES.timedOut)
  }
}
