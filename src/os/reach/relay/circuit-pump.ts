import type { Stream } from '@libp2p/interface'
import type { Clock, Timer } from '../../../system/clock.ts'
import type { BufferBudget } from '../../libp2p-buffer-budget.ts'
import { STREAM_WINDOW_BYTES } from '../../libp2p-limits.ts'
import { PAUSE_MAX_MS } from './relay-limits.ts'

/** What libp2p may hold of a direction that stands still: a window unread, another unsent. */
const PAUSED_BYTES: number = 2 * STREAM_WINDOW_BYTES

/** What a pump takes from its circuit. */
export interface CircuitPumpComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly budget: BufferBudget
  /** Counts bytes that came in; how many milliseconds nothing more shall be read. */
  readonly count: (bytes: number) => number
  /** Breaks the circuit. */
  readonly fail: (error: Error) => void
}

/** One direction of a circuit: passes on what comes, and lets the sender stall while the other end or its rate does not allow more. */
export class CircuitPump {
  readonly #from: Stream
  readonly #to: Stream
  readonly #components: CircuitPumpComponents
  #paused = false
  #resuming = false
  #notBeforeMs = 0
  #timer: Timer | undefined
  #over = false

  constructor(from: Stream, to: Stream, components: CircuitPumpComponents) {
    this.#from = from
    this.#to = to
    this.#components = components
    const onRoom = (): void => queueMicrotask(() => this.#consider())
    to.addEventListener('drain', onRoom)
    to.addEventListener('idle', onRoom)
    from.addEventListener('end', () => this.#finish())
    from.addEventListener('message', (event) => this.#pass(event.data))
  }

  /** The circuit is over: gives back what it held. */
  stop(): void {
    this.#over = true
    this.#timer?.cancel()
    if (this.#paused) {
      this.#paused = false
      this.#components.budget.give(PAUSED_BYTES)
    }
  }

  #pass(data: Parameters<Stream['send']>[0]): void {
    if (this.#over) {
      return
    }
    const { clock, count, fail } = this.#components
    const delayMs = count(data.byteLength)
    if (delayMs > 0) {
      this.#notBeforeMs = clock.monotonicMs() + Math.min(delayMs, PAUSE_MAX_MS)
    }
    try {
      this.#to.send(data)
    } catch (error) {
      fail(error instanceof Error ? error : new Error('the circuit broke'))
      return
    }
    this.#consider()
  }

  /** Pauses or goes on, whatever is right now. */
  #consider(): void {
    if (this.#over || this.#resuming) {
      return
    }
    const waitMs = this.#notBeforeMs - this.#components.clock.monotonicMs()
    const full = this.#to.writableNeedsDrain || this.#to.writeBufferLength > 0
    if (full || waitMs > 0) {
      this.#pause()
    } else if (this.#paused) {
      this.#resume()
    }
    if (this.#paused && waitMs > 0) {
      this.#timer?.cancel()
      this.#timer = this.#components.clock.schedule(waitMs, () => this.#consider())
    }
  }

  #pause(): void {
    if (this.#paused || this.#from.readStatus !== 'readable') {
      return
    }
    if (!this.#components.budget.take(PAUSED_BYTES)) {
      this.#components.fail(new Error('too many bytes of circuits that stand still'))
      return
    }
    this.#paused = true
    this.#from.pause()
  }

  #resume(): void {
    this.#paused = false
    this.#components.budget.give(PAUSED_BYTES)
    // `resume` delivers what libp2p holds before it grants window. Pausing again from inside would be undone by it.
    this.#resuming = true
    try {
      if (this.#from.readStatus === 'paused') {
        this.#from.resume()
      }
    } finally {
      this.#resuming = false
    }
    this.#consider()
  }

  /** The sender closed its half. */
  #finish(): void {
    this.#to.close().catch(() => {
      // It broke first; the circuit hears of that itself.
    })
  }
}
