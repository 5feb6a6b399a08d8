import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import type { Clock, Timer } from '../system/clock.ts'
import { datastoreTable } from '../system/datastore-table.ts'
import type { Logger } from '../system/logger.ts'
import type { Store, Transaction } from '../system/store.ts'

/** From the first write that waits to the commit of all that wait: one lookup touches hundreds of peers. */
export const DATASTORE_FLUSH_MS = 1000

/** Writes that wait in memory (at most 16 MiB); one more has them written at once. */
export const DATASTORE_PENDING_MAX = 512

/** Rows on disk (at most 256 MiB, some 8 MB in practice); those written longest ago give way. */
export const DATASTORE_ROWS_MAX = 8192

/** A peer record is below 2 KiB and a signed one below 8 KiB; whoever sends more does not want to be found. */
export const DATASTORE_VALUE_MAX_BYTES: number = 32 * 1024

/** Rows read at a time while a query runs. */
const QUERY_PAGE_ROWS = 256

export interface StoreDatastoreComponents {
  /** Its schema has `datastoreTable`. */
  readonly store: Store
  readonly clock: Pick<Clock, 'schedule' | 'wallMs'>
  readonly logger: Pick<Logger, 'warn'>
}

/** A value that there is none of. libp2p knows it by its name. */
class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

/**
 * libp2p's datastore (peer store, DHT) in the node's store. What is put can be got at once and is on disk a second later:
 * it is a cache, so a put waits for nothing, and what cannot be written is dropped with a line in the log.
 *
 * libp2p calls `start`, `stop` and `afterStop` of its components by itself.
 */
export class StoreDatastore extends BaseDatastore {
  readonly #components: StoreDatastoreComponents
  /** Undefined for what is to be deleted. */
  #pending = new Map<string, Uint8Array | undefined>()
  #timer: Timer | undefined
  #stopped = false

  constructor(components: StoreDatastoreComponents) {
    super()
    this.#components = components
  }

  override put(key: Key, value: Uint8Array): Key {
    if (value.byteLength > DATASTORE_VALUE_MAX_BYTES) {
      throw new RangeError(`a value of ${value.byteLength} bytes is more than the ${DATASTORE_VALUE_MAX_BYTES} kept`)
    }
    this.#write(key.toString(), value)
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#find(key.toString())
    if (value === undefined) {
      throw new NotFoundError(`nothing is kept under ${key.toString()}`)
    }
    return value
  }

  override has(key: Key): boolean {
    return this.#find(key.toString()) !== undefined
  }

  override delete(key: Key): void {
    this.#write(key.toString(), undefined)
  }

  override *_all(query: Query): Generator<Pair> {
    const pending = new Map(this.#pending)
    const prefix = query.prefix ?? '/'
    for (const [name, value] of pending) {
      if (value !== undefined && name.startsWith(prefix)) {
        yield { key: new Key(name, false), value }
      }
    }
    for (const { key, value } of this.#stored(prefix)) {
      if (!pending.has(key)) {
        yield { key: new Key(key, false), value }
      }
    }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    for (const { key } of this._all(query.prefix === undefined ? {} : { prefix: query.prefix })) {
      yield key
    }
  }

  start(): void {
    this.#stopped = false
  }

  stop(): void {}

  /**
   * Writes what waits, once every other part of libp2p has stopped. What it still says of connections that closed goes
   * nowhere: the store may be closed by then.
   */
  async afterStop(): Promise<void> {
    this.#stopped = true
    await this.flush()
  }

  /** Resolves when what was put before is on disk, or dropped. */
  async flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    const writes = this.#pending
    if (writes.size === 0) {
      return
    }
    this.#pending = new Map()
    const { store, clock, logger } = this.#components
    try {
      await store.transaction((transaction) => write(transaction, writes, clock.wallMs()))
    } catch (error) {
      logger.warn('peer data dropped', { entries: writes.size, reason: String(error) })
    }
  }

  #write(key: string, value: Uint8Array | undefined): void {
    if (this.#stopped) {
      return
    }
    this.#pending.set(key, value)
    if (this.#pending.size >= DATASTORE_PENDING_MAX) {
      void this.flush()
      return
    }
    this.#timer ??= this.#components.clock.schedule(DATASTORE_FLUSH_MS, () => void this.flush())
  }

  #find(key: string): Uint8Array | undefined {
    if (this.#pending.has(key)) {
      return this.#pending.get(key)
    }
    return this.#stopped ? undefined : this.#components.store.read.get(datastoreTable, [key])?.value
  }

  *#stored(prefix: string): Generator<{ key: string; value: Uint8Array }> {
    const { read } = this.#components.store
    let rows = this.#stopped ? [] : read.list(datastoreTable, { from: prefix, limit: QUERY_PAGE_ROWS })
    // Ends with the table: every page begins after the last row of the one before.
    while (rows.length > 0) {
      let last = ''
      for (const row of rows) {
        if (!row.key.startsWith(prefix)) {
          return
        }
        yield row
        last = row.key
      }
      rows = read.list(datastoreTable, { after: last, limit: QUERY_PAGE_ROWS })
    }
  }
}

function write(transaction: Transaction, writes: ReadonlyMap<string, Uint8Array | undefined>, nowMs: number): void {
  for (const [key, value] of writes) {
    if (value === undefined) {
      transaction.delete(datastoreTable, [key])
    } else {
      transaction.put(datastoreTable, { key, value, written_ms: nowMs })
    }
  }
  const excess = transaction.count(datastoreTable) - DATASTORE_ROWS_MAX
  if (excess > 0) {
    for (const { key } of transaction.list(datastoreTable, { index: 'by_written', limit: excess })) {
      transaction.delete(datastoreTable, [key])
    }
  }
}
