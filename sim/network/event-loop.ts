import type { Scheduler } from './scheduler.ts'

interface Event {
  readonly atMs: number
  readonly sequence: number
  fn: (() => void) | undefined
}

/** The smallest scheduler: a binary heap ordered by (time, sequence). For worlds without promises; `sim/time` drives those with. */
export class EventLoop implements Scheduler {
  readonly #heap: Event[] = []
  #nowMs = 0
  #sequence = 0

  now(): number {
    return this.#nowMs
  }

  /** Events that wait, cancelled ones included. */
  get pending(): number {
    return this.#heap.length
  }

  schedule(delayMs: number, fn: () => void): { cancel(): void } {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, fn }
    this.#heap.push(event)
    this.#rise(this.#heap.length - 1)
    return {
      cancel: () => {
        event.fn = undefined
      },
    }
  }

  /** Fires the next event that falls due until `untilMs`; false when there is none. */
  step(untilMs: number = Number.POSITIVE_INFINITY): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#removeFirst()
      if (next.fn !== undefined) {
        this.#nowMs = next.atMs
        next.fn()
        return true
      }
    }
    return false
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    while (this.step(untilMs)) {}
    this.#nowMs = untilMs
  }

  #rise(start: number): void {
    let index = start
    while (index > 0) {
      const parent = (index - 1) >>> 1
      if (!this.#swapIfEarlier(index, parent)) {
        return
      }
      index = parent
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) {
      return
    }
    this.#heap[0] = last
    for (let index = 0; ; ) {
      const left = 2 * index + 1
      if (left >= this.#heap.length) {
        return
      }
      const right = left + 1
      const child = right < this.#heap.length && isEarlier(this.#heap[right]!, this.#heap[left]!) ? right : left
      if (!this.#swapIfEarlier(child, index)) {
        return
      }
      index = child
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const a = this.#heap[child]!
    const b = this.#heap[parent]!
    if (!isEarlier(a, b)) {
      return false
    }
    this.#heap[child] = b
    this.#heap[parent] = a
    return true
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
