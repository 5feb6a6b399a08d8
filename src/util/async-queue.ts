import { assert } from './assert.ts'

/** Bounds of an `AsyncQueue`; whichever is reached first counts. */
export interface AsyncQueueOptions<Item> {
  readonly maxItems: number
  /** Sum of `sizeOf` over the items that wait. */
  readonly maxSize: number
  /** The size of an item, never negative, the same whenever it is asked. */
  readonly sizeOf: (item: Item) => number
}

/** A bounded queue between synchronous producers and one consumer that iterates it. */
export class AsyncQueue<Item> implements AsyncIterable<Item> {
  readonly #maxItems: number
  readonly #maxSize: number
  readonly #sizeOf: (item: Item) => number
  #items: Item[] = []
  /** Items before this index were taken. */
  #head = 0
  #size = 0
  #state: 'open' | 'ended' | 'failed' = 'open'
  #error: unknown
  #wake: (() => void) | undefined
  #consumed = false

  constructor(options: AsyncQueueOptions<Item>) {
    assert(options.maxItems >= 1 && options.maxSize >= 1, 'a queue holds at least one item')
    this.#maxItems = options.maxItems
    this.#maxSize = options.maxSize
    this.#sizeOf = options.sizeOf
  }

  /** Items that wait. */
  get length(): number {
    return this.#items.length - this.#head
  }

  /** Sum of the sizes of the items that wait. */
  get size(): number {
    return this.#size
  }

  /** Appends an item; false, and nothing changed, if that would exceed a bound or the queue has ended. */
  push(item: Item): boolean {
    const size = this.#sizeOf(item)
    if (this.#state !== 'open' || this.length >= this.#maxItems || this.#size + size > this.#maxSize) {
      return false
    }
    this.#items.push(item)
    this.#size += size
    this.#wakeConsumer()
    return true
  }

  /** Takes no more items; the consumer gets those that wait, then its iteration ends. Idempotent. */
  end(): void {
    if (this.#state === 'open') {
      this.#state = 'ended'
      this.#wakeConsumer()
    }
  }

  /** Drops the items that wait; the consumer's iteration throws `error`. Idempotent. */
  fail(error: unknown): void {
    if (this.#state !== 'failed') {
      this.#state = 'failed'
      this.#error = error
      this.#clear()
      this.#wakeConsumer()
    }
  }

  /** For the consumer: takes at once what waits, in order, until their sizes reach `maxSize`. */
  drain(maxSize: number): Item[] {
    const taken: Item[] = []
    let size = 0
    while (size < maxSize && this.length > 0) {
      const before = this.#size
      taken.push(this.#take())
      size += before - this.#size
    }
    return taken
  }

  /** Iterates over the items; only once. A consumer that leaves the iteration ends the queue. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    assert(!this.#consumed, 'a queue has one consumer')
    this.#consumed = true
    try {
      while (true) {
        while (this.length > 0) {
          yield this.#take()
        }
        if (this.#state === 'failed') {
          throw this.#error
        }
        if (this.#state === 'ended') {
          return
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.end()
      this.#clear()
    }
  }

  #take(): Item {
    const item = this.#items[this.#head] as Item
    this.#head += 1
    this.#size -= this.#sizeOf(item)
    // Moving the rest only when half of the array is used up keeps a push and a take at constant cost.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  #clear(): void {
    this.#items = []
    this.#head = 0
    this.#size = 0
  }

  #wakeConsumer(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
