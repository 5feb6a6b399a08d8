/** Cancelled events that may lie in the queue before it is looked whether they are most of it. */
const COMPACTION_MIN_EVENTS = 4_096

/** Something that will happen; `fn` is undefined once it has, or was cancelled. */
export interface QueuedEvent {
  atMs: number
  /** Order among events of the same time. */
  sequence: number
  fn: (() => void) | undefined
}

/** Events by time, then by the order in which they were added: a binary heap. */
export class EventQueue {
  #heap: QueuedEvent[] = []
  #sequence = 0
  #cancelled = 0

  /** Events that will happen. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  add(atMs: number, fn: () => void): QueuedEvent {
    const event: QueuedEvent = { atMs, sequence: this.#sequence++, fn }
    this.#push(event)
    return event
  }

  /** Idempotent, and nothing for an event that has happened. */
  cancel(event: QueuedEvent): void {
    if (event.fn === undefined) {
      return
    }
    event.fn = undefined
    this.#cancelled += 1
    if (this.#cancelled > COMPACTION_MIN_EVENTS && this.#cancelled > this.#heap.length / 2) {
      this.#compact()
    }
  }

  /** The next event, still in the queue. */
  peek(): QueuedEvent | undefined {
    let first = this.#heap[0]
    while (first !== undefined && first.fn === undefined) {
      this.#pop()
      this.#cancelled -= 1
      first = this.#heap[0]
    }
    return first
  }

  /** Takes the next event out; what it is to run is returned, and its `fn` is undefined from now on. */
  take(): { readonly atMs: number; readonly fn: () => void } | undefined {
    const event = this.peek()
    if (event?.fn === undefined) {
      return undefined
    }
    this.#pop()
    const taken = { atMs: event.atMs, fn: event.fn }
    event.fn = undefined
    return taken
  }

  clear(): void {
    for (const event of this.#heap) {
      event.fn = undefined
    }
    this.#heap = []
    this.#cancelled = 0
    this.#sequence = 0
  }

  #compact(): void {
    // A sorted array is a heap.
    this.#heap = this.#heap.filter(({ fn }) => fn !== undefined).sort((left, right) => (before(left, right) ? -1 : 1))
    this.#cancelled = 0
  }

  #push(event: QueuedEvent): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as QueuedEvent
      if (!before(event, above)) {
        break
      }
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as QueuedEvent
    const length = heap.length
    if (length === 0) {
      return
    }
    let index = 0
    for (let child = 1; child < length; child = 2 * index + 1) {
      if (child + 1 < length && before(heap[child + 1] as QueuedEvent, heap[child] as QueuedEvent)) {
        child += 1
      }
      const below = heap[child] as QueuedEvent
      if (!before(below, last)) {
        break
      }
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}

function before(left: QueuedEvent, right: QueuedEvent): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.sequence < right.sequence)
}
