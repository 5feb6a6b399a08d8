import type { Reader } from '../system/store.ts'
import { archiveTable } from './tables/archive.ts'
import { outboxTable } from './tables/outbox.ts'

/** Hands out the growing numbers by which archive and outbox are ordered. */
export class Positions {
  #last: number

  /** Continues after the highest number in the store. */
  constructor(reader: Reader) {
    const newest = { reverse: true, limit: 1 } as const
    const [archived] = reader.list(archiveTable, newest)
    const [waiting] = reader.list(outboxTable, newest)
    this.#last = Math.max(0, archived?.position ?? 0, waiting?.position ?? 0)
  }

  get last(): number {
    return this.#last
  }

  next(): number {
    this.#last += 1
    return this.#last
  }
}
