/** What a column holds. `integer` is a safe JavaScript integer. */
export type ColumnType = 'text' | 'integer' | 'bytes'

/** One column. A nullable one may be absent from older rows; `since` is the schema version that brought it. */
export interface ColumnDefinition {
  readonly type: ColumnType
  readonly nullable?: boolean
  /** @default the table's `since` */
  readonly since?: number
}

/**
 * A table: named columns, a primary key, and indexes by name. Written as a plain object `as const`, so that rows are typed.
 * All columns of key
 * and indexes must be not nullable.
 */
export interface TableDefinition<
  Columns extends Record<string, ColumnDefinition> = Record<string, ColumnDefinition>,
  Indexes extends Record<string, readonly string[]> = Record<string, readonly string[]>,
> {
  readonly name: string
  /** The schema version that brought the table. @default 1 */
  readonly since?: number
  readonly columns: Columns
  /** Columns of the primary key, in order; rows are ordered by it. (Were it `keyof Columns`, no table would be a `TableDefinition`.) */
  readonly key: readonly string[]
  /** Further orders to range over, each a list of columns. */
  readonly indexes: Indexes
}

type ColumnValue<C extends ColumnDefinition> = C['type'] extends 'text'
  ? string
  : C['type'] extends 'integer'
    ? number
    : Uint8Array

/** A row of table `T`. Nullable columns read and write `null`. */
export type Row<T extends TableDefinition> = {
  -readonly [K in keyof T['columns']]: T['columns'][K]['nullable'] extends true
    ? ColumnValue<T['columns'][K]> | null
    : ColumnValue<T['columns'][K]>
}

/** A value of a key or index column. */
export type KeyValue = string | number | Uint8Array

/**
 * A range over the primary key or an index: rows whose leading columns equal `prefix` and whose next column lies
 * within the bounds. Text orders by UTF-8 bytes, bytes lexicographically. Ties are ordered by the primary key.
 */
export interface Range<T extends TableDefinition> {
  /** @default the primary key */
  readonly index?: keyof T['indexes'] & string
  readonly prefix?: readonly KeyValue[]
  readonly from?: KeyValue
  readonly after?: KeyValue
  readonly to?: KeyValue
  readonly before?: KeyValue
  readonly reverse?: boolean
  /** @default no limit; ask for one wherever a table may grow */
  readonly limit?: number
}

/** Reads and writes inside a transaction. All calls are synchronous. */
export interface Transaction {
  get<T extends TableDefinition>(table: T, key: readonly KeyValue[]): Row<T> | undefined
  list<T extends TableDefinition>(table: T, range?: Range<T>): Row<T>[]
  count<T extends TableDefinition>(table: T, range?: Range<T>): number
  /** Inserts or replaces the row with the same primary key. */
  put<T extends TableDefinition>(table: T, row: Row<T>): void
  /** True if there was such a row. */
  delete<T extends TableDefinition>(table: T, key: readonly KeyValue[]): boolean
  /** How many rows were deleted. `limit` and `reverse` are not allowed here. */
  deleteRange<T extends TableDefinition>(table: T, range: Range<T>): number
}

/** The reading half of a transaction. */
export type Reader = Pick<Transaction, 'get' | 'list' | 'count'>

/** Tables of a program and the version they make up. Tables and columns are only ever added. */
export interface Schema {
  readonly version: number
  readonly tables: readonly TableDefinition[]
  /** Changes to data, run once, in order, when a store older than `to` is opened. */
  readonly upgrades: readonly { readonly to: number; readonly run: (transaction: Transaction) => void }[]
}

export type StoreFailure =
  /** Another process has the store open. */
  | 'in-use'
  /** The file is damaged or no store of ours. */
  | 'corrupt'
  /** The file was written by a newer program. */
  | 'newer-schema'
  | 'read-only'
  /** The disk is full. The store lives on: later transactions may succeed. */
  | 'full'
  | 'closed'
  | 'io'

/** Thrown by every call of a store. `message` is one sentence a user can act on. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly failure: StoreFailure

  constructor(failure: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

/**
 * Durable typed tables. One writer.
 *
 * `transaction` runs `fn` at once and synchronously; what it wrote is visible to every later call. The promise resolves
 * when everything that `fn` read or wrote is on disk (all transactions of one event-loop turn share one commit), so an
 * answer that depends on stored state is given only after it resolves. If `fn` throws, its own writes are undone and the
 * promise rejects with that error. If the commit fails, every transaction that shared it is undone and rejects with
 * `StoreError`.
 */
export interface Store {
  transaction<Result>(fn: (transaction: Transaction) => Result): Promise<Result>
  /** Reads the current state, including what is not on disk yet: for views, never for acknowledgements. */
  readonly read: Reader
  /** Waits for the running commit, then closes. Idempotent. */
  close(): Promise<void>
}
