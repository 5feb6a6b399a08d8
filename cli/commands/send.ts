import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../context.ts'
import type { ControlClient } from '../control/client.ts'
import { DeliveryWatch, type Sent, sendMessage } from '../control/send-and-wait.ts'
import { withNode } from '../control/with-node.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { checkMessageText, MAX_TEXT_BYTES } from '../message-text.ts'
import { readStdin } from '../read-stdin.ts'

interface SendOptions {
  readonly wait?: 'delivered'
  /** Milliseconds. */
  readonly timeout: number
}

/** `kabber send ADDRESS TEXT [--wait delivered] [--timeout 30s]` */
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
      context.output.result(sent, describe(sent.state))
      reportFailure(context, sent.state, options)
    },
    address,
  )
}

async function sendAndMaybeWait(
  client: ControlClient,
  address: string,
  text: string,
  { wait, timeout }: SendOptions,
): Promise<Sent> {
  if (wait === undefined) {
    return await sendMessage(client, address, text)
  }
  const watch = await DeliveryWatch.open(client)
  const sent = await sendMessage(client, address, text)
  return { id: sent.id, state: await watch.settled(sent, timeout) }
}

function describe(state: Sent['state']): string {
  switch (state) {
    case 'delivered':
      return 'Delivered.'
    case 'failed':
      return 'Not delivered.'
    default:
      return 'Queued: it is on disk here and goes out as soon as their node can be reached.'
  }
}

function reportFailure(context: CommandContext, state: Sent['state'], { wait, timeout }: SendOptions): void {
  if (state === 'failed') {
    throw new CliError(EXIT_CODES.failed, 'undelivered', 'the message was refused or has expired')
  }
  if (wait !== undefined && state === 'queued') {
    context.output.note(`kabber: not delivered within ${timeout / 1000} s; the message stays queued`)
    context.exitWith(EXIT_CODES.timedOut)
  }
}
