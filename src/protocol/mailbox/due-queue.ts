interface Due {
  readonly atMs: number
  readonly key: string
}

/**
 * Keys in the order in which they fall due: a binary heap. A key may be in it more than once; the owner, who knows when
 * each key is due, passes over what is out of date.
 */
export class DueQueue {
  readonly #heap: Due[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The earliest, without taking it out. */
  peek(): Due | undefined {
    return this.#heap[0]
  }

  push(atMs: number, key: string): void {
    const heap = this.#heap
    const due = { atMs, key }
    let at = heap.length
    heap.push(due)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || parent.atMs <= atMs) {
        break
      }
      heap[at] = parent
      at = up
    }
    heap[at] = due
  }

  /** Takes the earliest out. */
  pop(): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      this.#sink(last)
    }
    return first
  }

  #sink(due: Due): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      const child = right !== undefined && left !== undefined && right.atMs < left.atMs ? right : left
      if (child === undefined || child.atMs >= due.atMs) {
        break
      }
      heap[at] = child
      at = 2 * at + (child === right ? 2 : 1)
    }
    heap[at] = due
  }
}
