import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { KeyValue, Range, Row, Schema, TableDefinition, Transaction } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import type { AnyRange } from '../util/table-shape.ts'
import { toStoreError } from './sqlite-error.ts'
import { SqliteTable } from './sqlite-table.ts'

/**
 * All tables of an open file: reads and writes at once, in whatever SQL transaction is open. Throws `StoreError`.
 */
export class SqliteTables implements Transaction {
  readonly #connection: DatabaseSync
  readonly #path: string
  readonly #definitions: ReadonlySet<TableDefinition>
  /** Filled on first use, as statements can be prepared only once the table is in the file. */
  readonly #tables = new Map<TableDefinition, SqliteTable>()

  constructor(connection: DatabaseSync, schema: Schema, path: string) {
    this.#connection = connection
    this.#path = path
    this.#definitions = new Set(schema.tables)
  }

  get<T extends TableDefinition>(table: T, key: readonly KeyValue[]): Row<T> | undefined {
    return this.#run(table, (rows) => rows.get(key)) as Row<T> | undefined
  }

  list<T extends TableDefinition>(table: T, range: Range<T> = {}): Row<T>[] {
    return this.#run(table, (rows) => rows.list(range as AnyRange)) as Row<T>[]
  }

  count<T extends TableDefinition>(table: T, range: Range<T> = {}): number {
    return this.#run(table, (rows) => rows.count(range as AnyRange))
  }

  put<T extends TableDefinition>(table: T, row: Row<T>): void {
    this.#run(table, (rows) => rows.put(row as Record<string, SQLInputValue>))
  }

  delete<T extends TableDefinition>(table: T, key: readonly KeyValue[]): boolean {
    return this.#run(table, (rows) => rows.delete(key))
  }

  deleteRange<T extends TableDefinition>(table: T, range: Range<T>): number {
    return this.#run(table, (rows) => rows.deleteRange(range as AnyRange))
  }

  #run<Result>(table: TableDefinition, operation: (rows: SqliteTable) => Result): Result {
    try {
      return operation(this.#tables.get(table) ?? this.#prepare(table))
    } catch (error) {
      throw toStoreError(error, this.#path)
    }
  }

  #prepare(table: TableDefinition): SqliteTable {
    assert(this.#definitions.has(table), `table ${table.name} is not of this store's schema`)
    const rows = new SqliteTable(this.#connection, table)
    this.#tables.set(table, rows)
    return rows
  }
}
