import type { CommandContext } from '../context.ts'
import type { ControlClient } from '../control/client.ts'
import type { HistoryPage } from '../control/history-page.ts'
import type { MessageView } from '../control/messages.ts'
import { withNode } from '../control/with-node.ts'
import { messageLine } from '../message-line.ts'

/** Messages shown at most; they are collected in memory, for the archive is read from its end. */
const MAX_MESSAGES = 1_000_000

/** `kabber history ADDRESS [--limit N]` */
export async function history(
  context: CommandContext,
  [address = '']: readonly string[],
  options: { limit?: number },
): Promise<void> {
  await withNode(
    context,
    async (client) => {
      const { name } = await client.request<{ name?: string }>('find', { address })
      const messages = await newestMessages(client, address, options.limit ?? MAX_MESSAGES)
      for (const message of messages) {
        context.output.result(message, messageLine(message, name))
      }
      if (messages.length === 0) {
        context.output.text('No messages yet.')
      }
    },
    address,
  )
}

/** The newest `limit` messages with `address`, oldest first. */
export async function newestMessages(
  client: ControlClient,
  address: string,
  limit: number,
): Promise<readonly MessageView[]> {
  const pages: (readonly MessageView[])[] = []
  let missing = limit
  let beforeId: string | undefined
  while (missing > 0) {
    const page = await client.request<HistoryPage>('history', { address, limit: missing, beforeId })
    pages.unshift(page.messages)
    missing -= page.messages.length
    beforeId = page.messages[0]?.id
    if (!page.more || beforeId === undefined) {
      break
    }
  }
  return pages.flat()
}
