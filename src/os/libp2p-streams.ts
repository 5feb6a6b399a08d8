import type { Stream } from '@libp2p/interface'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { StreamHandler } from '../system/network.ts'
import { BufferBudget } from './libp2p-buffer-budget.ts'
import { STOP_GRACE_MS, STREAM_BUFFER_BUDGET_BYTES } from './libp2p-limits.ts'
import { Libp2pStream, type StreamPeer } from './libp2p-stream.ts'

/** All open streams of our own protocols and the handlers that serve them. */
export class Libp2pStreams {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #logger: Logger
  readonly #budget = new BufferBudget(STREAM_BUFFER_BUDGET_BYTES)
  readonly #open = new Set<Libp2pStream>()
  readonly #handling = new Set<Promise<void>>()
  #stopped = false

  constructor(components: { clock: Pick<Clock, 'schedule'>; logger: Logger }) {
    this.#clock = components.clock
    this.#logger = components.logger
  }

  /** Our stream over libp2p's `inner`. */
  adopt(inner: Stream, peer: StreamPeer): Libp2pStream {
    const stream = new Libp2pStream(inner, peer, { clock: this.#clock, budget: this.#budget })
    if (this.#stopped) {
      stream.abort(new Error('the network was stopped'))
    } else if (stream.open) {
      this.#open.add(stream)
      inner.addEventListener('close', () => this.#open.delete(stream))
    }
    return stream
  }

  /** Hands an inbound stream to its handler; if that fails the stream breaks, and nothing else. */
  serve(inner: Stream, peer: StreamPeer, handler: StreamHandler): void {
    const stream = this.adopt(inner, peer)
    if (this.#stopped) {
      return
    }
    const handling = this.#run(stream, inner.protocol, handler)
    this.#handling.add(handling)
    void handling.finally(() => this.#handling.delete(handling))
  }

  /** Breaks every stream and waits for the handlers, though not for ever: one that ignores the end has a bug. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const stream of this.#open) {
      stream.abort(new Error('the network was stopped'))
    }
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(STOP_GRACE_MS, resolve)
      void Promise.all(this.#handling).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  async #run(stream: Libp2pStream, protocol: string, handler: StreamHandler): Promise<void> {
    try {
      await handler(stream)
    } catch (error) {
      this.#logger.debug('a stream handler failed', { protocol, error: String(error) })
      stream.abort(error instanceof Error ? error : new Error('the stream handler failed', { cause: error }))
    }
  }
}
