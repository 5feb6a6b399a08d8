import { assert } from './assert.ts'

/** What a `BoundedMap` holds at most, and who is told of what gave way. */
export interface BoundedMapOptions<Key, Value> {
  readonly maxEntries: number
  /** Called after the entry is gone. @default nobody is told */
  readonly onEvicted?: (key: Key, value: Value) => void
}

/** A map that never holds more than `maxEntries`: the entry that was set longest ago gives way to a new one. */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>()
  readonly #maxEntries: number
  readonly #onEvicted: ((key: Key, value: Value) => void) | undefined

  constructor(options: BoundedMapOptions<Key, Value>) {
    assert(Number.isSafeInteger(options.maxEntries) && options.maxEntries >= 1, 'a map holds at least one entry')
    this.#maxEntries = options.maxEntries
    this.#onEvicted = options.onEvicted
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)
  }

  has(key: Key): boolean {
    return this.#entries.has(key)
  }

  /** Inserts or replaces; either way the entry is now the newest. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#maxEntries) {
      this.#evictOldest()
    }
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Oldest first. */
  keys(): MapIterator<Key> {
    return this.#entries.keys()
  }

  /** Oldest first. */
  values(): MapIterator<Value> {
    return this.#entries.values()
  }

  #evictOldest(): void {
    for (const [key, value] of this.#entries) {
      this.#entries.delete(key)
      this.#onEvicted?.(key, value)
      return
    }
  }
}
