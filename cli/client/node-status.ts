import { element, NS_OWNER } from '../../src/client.ts'
import type { NodeStatus } from '../../src/index.ts'
import type { NodeClient } from './node-client.ts'

/** How the node is doing. */
export async function nodeStatus(client: NodeClient): Promise<NodeStatus> {
  const status = await client.query('get', element('status', NS_OWNER))
  return JSON.parse(status?.text() ?? '') as NodeStatus
}

/** Whom the node serves. */
export interface Self {
  readonly address: string
  /** What the owner may type instead where a client asks for a user name. */
  readonly alias: string | undefined
  /** The contact URI, with the node's addresses of now. */
  readonly uri: string
  readonly peerId: string
}

export async function whoAmI(client: NodeClient): Promise<Self> {
  const self = await client.query('get', element('whoami', NS_OWNER))
  const { address = '', alias, uri = '', 'peer-id': peerId = '' } = self?.attributes ?? {}
  return { address, alias, uri, peerId }
}
