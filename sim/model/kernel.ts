import { EventHeap } from './event-heap.ts'
import { mix } from './stream.ts'

/** The kinds of events: a call that was scheduled, an answer to a lookup's request, a node that comes or goes. */
const CALL = 0
export const ANSWER = 1
export const CHURN = 2

/** Simulated time begins at this midnight UTC, so that days are those of the protocol. */
const START_WALL_MS: number = Date.UTC(2026, 0, 1)

/** What happens at a time that has come. */
export interface EventHandlers {
  answer(request: number): void
  churn(node: number): void
}

/** Time and what happens in it. */
export class Kernel {
  readonly #heap = new EventHeap()
  readonly #calls: ((() => void) | undefined)[] = []
  readonly #freeCalls: number[] = []
  #hashHigh = 0x811c9dc5
  #hashLow = 0x01000193
  nowMs = 0
  events = 0

  /** The wall clock of every node, in ms since 1970 UTC. */
  get wallMs(): number {
    return START_WALL_MS + this.nowMs
  }

  /** Over every event of the run. */
  get traceHash(): string {
    return [this.#hashHigh, this.#hashLow].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** When a wall-clock time is in simulated time. */
  static simulatedMs(wallMs: number): number {
    return wallMs - START_WALL_MS
  }

  /** And back. */
  static wallMsAt(simulatedMs: number): number {
    return START_WALL_MS + simulatedMs
  }

  /** Calls `fn` once after so long; cancelled by `cancel` with what is returned. */
  schedule(delayMs: number, fn: () => void): number {
    const slot = this.#freeCalls.pop() ?? this.#calls.length
    this.#calls[slot] = fn
    this.#heap.add(this.nowMs + Math.max(0, delayMs), CALL, slot)
    return slot
  }

  /** Only for a call that has not happened. */
  cancel(slot: number): void {
    this.#calls[slot] = undefined
  }

  add(delayMs: number, kind: number, subject: number): void {
    this.#heap.add(this.nowMs + Math.max(0, delayMs), kind, subject)
  }

  /** Plays what happens until `untilMs`, at most `eventsMax` events; false: there is more. */
  run(untilMs: number, eventsMax: number, handlers: EventHandlers): boolean {
    const heap = this.#heap
    for (let done = 0; done < eventsMax; done++) {
      if (heap.nextMs > untilMs) {
        this.nowMs = untilMs
        return true
      }
      heap.take()
      this.nowMs = heap.atMs
      this.events++
      this.note(heap.kind, heap.subject)
      if (heap.kind === CALL) {
        this.#call(heap.subject)
      } else if (heap.kind === ANSWER) {
        handlers.answer(heap.subject)
      } else {
        handlers.churn(heap.subject)
      }
    }
    return false
  }

  /** Takes something into the hash, with the time. */
  note(what: number, about: number): void {
    this.#hashHigh = mix(this.#hashHigh ^ what, Math.floor(this.nowMs * 1024) | 0)
    this.#hashLow = mix(this.#hashLow ^ this.#hashHigh, about)
  }

  #call(slot: number): void {
    const fn = this.#calls[slot]
    this.#calls[slot] = undefined
    this.#freeCalls.push(slot)
    fn?.()
  }
}
