import type { Reader } from '../system/store.ts'
import { archiveTable } from './tables/archive.ts'
import { outboxTable } from './tables/outbox.ts'

/** Hands out the growing numbers by which archive and outbox are ordered. */
export class Positions {
  #last: number

  /** Continues after the highest number in the store. `accounts` are the bare JIDs served here. */
  constructor(reader: Reader, accounts: readonly string[]) {
    const newest = { reverse: true, limit: 1 } as const
    const archived = accounts.map((account) => reader.list(archiveTable, { ...newest, prefix: [account] })[0]?.position)
    const waiting = reader.list(outboxTable, { ...newest, index: 'by_position' })[0]?.position
    this.#last = Math.max(0, waiting ?? 0, ...archived.map((position) => position ?? 0))
  }

  get last(): number {
    return this.#last
  }

  next(): number {
    this.#last += 1
    return this.#last
  }
}
