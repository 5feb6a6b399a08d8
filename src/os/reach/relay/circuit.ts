import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../../system/clock.ts'
import type { BufferBudget } from '../../libp2p-buffer-budget.ts'
import { CircuitPump } from './circuit-pump.ts'

/** One end of a circuit. */
export interface CircuitEnd {
  readonly stream: Stream
  /** Counts bytes that this end sent; how many milliseconds it shall send nothing more. */
  readonly count: (bytes: number) => number
}

/** What a circuit takes from its relay. */
export interface CircuitComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly budget: BufferBudget
  /** Called once when both halves are closed or it broke. */
  readonly onEnd: () => void
}

/** Two streams joined at a relay; it reads nothing of what they carry. */
export class Circuit {
  readonly #ends: readonly [CircuitEnd, CircuitEnd]
  readonly #components: CircuitComponents
  readonly #pumps: readonly CircuitPump[]
  #lastByteMs: number
  #open = 2

  constructor(ends: readonly [CircuitEnd, CircuitEnd], components: CircuitComponents) {
    this.#ends = ends
    this.#components = components
    this.#lastByteMs = components.clock.monotonicMs()
    const [one, other] = ends
    this.#pumps = [this.#pump(one, other), this.#pump(other, one)]
    for (const { stream } of ends) {
      stream.addEventListener('close', (event) => this.#closed(event.error))
    }
  }

  /** When a byte last went through it, or it began: milliseconds of the monotonic clock. */
  get lastByteMs(): number {
    return this.#lastByteMs
  }

  /** Breaks both ends. */
  abort(reason: Error): void {
    for (const { stream } of this.#ends) {
      stream.abort(reason)
    }
  }

  #pump(from: CircuitEnd, to: CircuitEnd): CircuitPump {
    const { clock, budget } = this.#components
    const count = (bytes: number): number => {
      this.#lastByteMs = clock.monotonicMs()
      return from.count(bytes)
    }
    return new CircuitPump(from.stream, to.stream, { clock, budget, count, fail: (error) => this.abort(error) })
  }

  #closed(error: Error | undefined): void {
    this.#open -= 1
    if (error !== undefined) {
      this.abort(error)
    }
    if (this.#open === 0) {
      for (const pump of this.#pumps) {
        pump.stop()
      }
      this.#components.onEnd()
    }
  }
}
