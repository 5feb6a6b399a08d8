import type { Clock } from '../system/clock.ts'
import { CONNECTION_CLOSE_TIMEOUT_MS } from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** Closes all connections; libp2p itself waits half a second for each whose remote closes at the same time. */
export async function closeConnections(node: Libp2pNode, clock: Pick<Clock, 'timeoutSignal'>): Promise<void> {
  const signal = clock.timeoutSignal(CONNECTION_CLOSE_TIMEOUT_MS)
  const closing = node.getConnections().map(async (connection) => {
    try {
      await connection.close({ signal })
    } catch {
      connection.abort(new Error('the network was stopped'))
    }
  })
  await Promise.all(closing)
}
