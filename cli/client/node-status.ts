import { element, type NodeStatus, NS_OWNER } from '../../src/index.ts'
import type { NodeClient } from './node-client.ts'

/** How the node is doing. */
export async function nodeStatus(client: NodeClient): Promise<NodeStatus> {
  const status = await client.query('get', element('status', NS_OWNER))
  return JSON.parse(status?.text() ?? '') as NodeStatus
}

/** Who the node serves, with its addresses of now. */
export async function whoAmI(client: NodeClient): Promise<{ address: string; uri: string; peerId: string }> {
  const self = await client.query('get', element('whoami', NS_OWNER))
  const { address = '', uri = '', 'peer-id': peerId = '' } = self?.attributes ?? {}
  return { address, uri, peerId }
}
