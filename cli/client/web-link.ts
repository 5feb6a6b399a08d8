import { element, NS_OWNER } from '../../src/client.ts'
import { webChatUrl } from '../web-chat-url.ts'
import type { NodeClient } from './node-client.ts'

/** A link that opens the web chat once. */
export interface WebLink {
  readonly url: string
  readonly expiresMs: number
}

/** @throws CliError `item-not-found` if the node has no web port */
export async function webLink(client: NodeClient): Promise<WebLink> {
  const answer = await client.query('set', element('web-token', NS_OWNER))
  const { token = '', base = '', 'expires-ms': expires } = answer?.attributes ?? {}
  return { url: webChatUrl(base, token), expiresMs: Number(expires) }
}
