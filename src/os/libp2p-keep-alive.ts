import type { Connection } from '@libp2p/interface'
import type { Clock, Timer } from '../system/clock.ts'
import { isPingDue } from './libp2p-keep-alive-state.ts'
import {
  KEEP_ALIVE_ANSWER_TIMEOUT_MS,
  KEEP_ALIVE_STALL_MS,
  KEEP_ALIVE_SWEEP_INTERVAL_MS,
  KEEP_ALIVE_URGENT_TIMEOUT_MS,
} from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** What the keep-alive needs. */
export interface KeepAliveComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  /** Peers to which a connection has to be up although it carries no stream: relays. */
  readonly neededPeers: () => readonly string[]
}

/** What this file uses of a connection of libp2p 3.3 with a muxer of @libp2p/yamux 8.0 that their types hide. */
interface ConnectionInside {
  readonly muxer?: { onData(data: unknown): void; ping(): Promise<number> }
}

interface Life {
  heardMs: number
  /** Runs while an answer is awaited, until `dueMs`. */
  deadline: Timer | undefined
  dueMs: number
}

/**
 * Finds out which connections are dead, and keeps NATs from forgetting the others. In the place of libp2p's connection
 * monitor, which opens a stream on every connection from both ends each time (2 to 3 ms CPU): a ping of yamux is one
 * frame there and one back, and none is sent where anything was heard of late (docs/decisions/0011).
 */
export class KeepAlive {
  readonly #components: KeepAliveComponents
  readonly #node: Libp2pNode
  readonly #lives = new Map<Connection, Life>()
  #sweeper: Timer | undefined

  /** `node` has no connections yet. */
  constructor(components: KeepAliveComponents, node: Libp2pNode) {
    this.#components = components
    this.#node = node
    node.addEventListener('connection:open', this.#opened)
    node.addEventListener('connection:close', this.#closed)
    this.#sweepLater()
  }

  stop(): void {
    this.#node.removeEventListener('connection:open', this.#opened)
    this.#node.removeEventListener('connection:close', this.#closed)
    this.#sweeper?.cancel()
    for (const connection of [...this.#lives.keys()]) {
      this.#forget(connection)
    }
  }

  /** Something went unanswered: asks the peer at once for a sign of life. */
  doubt(peerId: string): void {
    for (const [connection, life] of this.#lives) {
      if (connection.remotePeer.toString() === peerId) {
        this.#ping(connection, life, KEEP_ALIVE_ANSWER_TIMEOUT_MS)
      }
    }
  }

  /** The machine has other addresses: asks all peers, for what hung on the old ones is dead. */
  doubtAll(): void {
    for (const [connection, life] of this.#lives) {
      this.#ping(connection, life, KEEP_ALIVE_URGENT_TIMEOUT_MS)
    }
  }

  /** A stream to this peer is about to be opened: a connection that was silent has to show soon that it is alive. */
  beforeUse(peerId: string): void {
    const nowMs = this.#components.clock.monotonicMs()
    for (const [connection, life] of this.#lives) {
      const isSilent = nowMs - life.heardMs >= KEEP_ALIVE_URGENT_TIMEOUT_MS
      if (isSilent && connection.remotePeer.toString() === peerId) {
        this.#ping(connection, life, KEEP_ALIVE_URGENT_TIMEOUT_MS)
      }
    }
  }

  readonly #opened = ({ detail: connection }: CustomEvent<Connection>): void => {
    const { muxer } = connection as unknown as ConnectionInside
    if (muxer === undefined || connection.status !== 'open') {
      return
    }
    const { clock } = this.#components
    const life: Life = { heardMs: clock.monotonicMs(), deadline: undefined, dueMs: 0 }
    const onData = muxer.onData.bind(muxer)
    muxer.onData = (data) => {
      life.heardMs = clock.monotonicMs()
      onData(data)
    }
    this.#lives.set(connection, life)
  }

  readonly #closed = ({ detail: connection }: CustomEvent<Connection>): void => this.#forget(connection)

  #forget(connection: Connection): void {
    this.#lives.get(connection)?.deadline?.cancel()
    this.#lives.delete(connection)
  }

  #sweepLater(): void {
    this.#sweeper = this.#components.clock.schedule(KEEP_ALIVE_SWEEP_INTERVAL_MS, () => {
      this.#sweep()
      this.#sweepLater()
    })
  }

  #sweep(): void {
    const nowMs = this.#components.clock.monotonicMs()
    const needed = new Set(this.#components.neededPeers())
    for (const [connection, life] of this.#lives) {
      const isDue = isPingDue({
        silentMs: nowMs - life.heardMs,
        isDialler: connection.direction === 'outbound',
        isInUse: connection.streams.length > 0 || needed.has(connection.remotePeer.toString()),
      })
      if (isDue) {
        this.#ping(connection, life, KEEP_ALIVE_ANSWER_TIMEOUT_MS)
      }
    }
  }

  #ping(connection: Connection, life: Life, timeoutMs: number): void {
    if (life.deadline !== undefined) {
      if (this.#components.clock.monotonicMs() + timeoutMs < life.dueMs) {
        this.#await(connection, life, timeoutMs)
      }
      return
    }
    this.#await(connection, life, timeoutMs)
    const { muxer } = connection as unknown as ConnectionInside
    muxer?.ping().then(
      () => {
        life.deadline?.cancel()
        life.deadline = undefined
      },
      // It closes already.
      () => {},
    )
  }

  #await(connection: Connection, life: Life, timeoutMs: number): void {
    const { clock } = this.#components
    const askedMs = life.heardMs
    const dueMs = clock.monotonicMs() + timeoutMs
    life.dueMs = dueMs
    life.deadline?.cancel()
    life.deadline = clock.schedule(timeoutMs, () => {
      life.deadline = undefined
      // Anything that was heard will do.
      if (life.heardMs !== askedMs) {
        return
      }
      if (clock.monotonicMs() - dueMs >= KEEP_ALIVE_STALL_MS) {
        this.#await(connection, life, KEEP_ALIVE_STALL_MS)
      } else {
        connection.abort(new Error('the remote gave no sign of life'))
      }
    })
  }
}
