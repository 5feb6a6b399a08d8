import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../../system/clock.ts'
import { assert } from '../../../util/assert.ts'
import { RELAY_PING_TIMEOUT_MS } from './relay-limits.ts'

/** What a libp2p connection hides: yamux's own ping, a frame of 12 bytes each way, where libp2p's costs a stream. */
interface ConnectionInside {
  readonly muxer?: { ping(options: { signal: AbortSignal }): Promise<number> }
}

/** Breaks a connection whose remote does not answer: it may have gone without a word, or the way to it. */
export async function breakIfSilent(connection: Connection, clock: Pick<Clock, 'timeoutSignal'>): Promise<void> {
  const { muxer } = connection as unknown as ConnectionInside
  assert(typeof muxer?.ping === 'function', 'the connections of libp2p have changed inside')
  try {
    await muxer.ping({ signal: clock.timeoutSignal(RELAY_PING_TIMEOUT_MS) })
  } catch {
    connection.abort(new Error('the relay does not answer'))
  }
}
