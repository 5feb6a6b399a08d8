import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../../system/clock.ts'

const PING_PROTOCOL = '/ipfs/ping/1.0.0'
/** How long a peer may take to agree on a protocol: several round trips of the slowest link. */
const ALIVE_TIMEOUT_MS = 4_000

/** Breaks the connections on which no answer comes: TCP would find out after minutes that the machine's address is gone. */
export async function breakDeadConnections(
  clock: Pick<Clock, 'timeoutSignal'>,
  connections: readonly Connection[],
  stopping: AbortSignal,
): Promise<void> {
  const timeout = clock.timeoutSignal(ALIVE_TIMEOUT_MS)
  const signal = AbortSignal.any([stopping, timeout])
  const check = async (connection: Connection): Promise<void> => {
    try {
      const stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })
      stream.abort(new Error('the peer is there'))
    } catch {
      // Any refusal is a sign of life; only silence is none.
      if (timeout.aborted && !stopping.aborted) {
        connection.abort(new Error('no answer since the network changed'))
      }
    }
  }
  await Promise.all(connections.map(check))
}
