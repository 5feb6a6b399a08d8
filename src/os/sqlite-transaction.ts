import {
  type KeyValue,
  type Range,
  type Row,
  StoreError,
  type TableDefinition,
  type Transaction,
} from '../system/store.ts'
import { assert } from '../util/assert.ts'

/**
 * What one call of `Store.transaction` may do, while its function runs: announces every write before it happens, and
 * remembers a failure of the store so that a function which swallowed it does not pass for a success.
 */
export class GuardedTransaction implements Transaction {
  readonly #tables: Transaction
  readonly #beforeWrite: (isFirst: boolean) => void
  #wrote = false
  #ended = false
  #failure: StoreError | undefined

  constructor(tables: Transaction, beforeWrite: (isFirst: boolean) => void) {
    this.#tables = tables
    this.#beforeWrite = beforeWrite
  }

  get wrote(): boolean {
    return this.#wrote
  }

  get failure(): StoreError | undefined {
    return this.#failure
  }

  end(): void {
    this.#ended = true
  }

  get<T extends TableDefinition>(table: T, key: readonly KeyValue[]): Row<T> | undefined {
    return this.#run(() => this.#tables.get(table, key))
  }

  list<T extends TableDefinition>(table: T, range?: Range<T>): Row<T>[] {
    return this.#run(() => this.#tables.list(table, range))
  }

  count<T extends TableDefinition>(table: T, range?: Range<T>): number {
    return this.#run(() => this.#tables.count(table, range))
  }

  put<T extends TableDefinition>(table: T, row: Row<T>): void {
    this.#write(() => this.#tables.put(table, row))
  }

  delete<T extends TableDefinition>(table: T, key: readonly KeyValue[]): boolean {
    return this.#write(() => this.#tables.delete(table, key))
  }

  deleteRange<T extends TableDefinition>(table: T, range: Range<T>): number {
    return this.#write(() => this.#tables.deleteRange(table, range))
  }

  #write<Result>(operation: () => Result): Result {
    return this.#run(() => {
      this.#beforeWrite(!this.#wrote)
      this.#wrote = true
      return operation()
    })
  }

  #run<Result>(operation: () => Result): Result {
    assert(!this.#ended, 'a transaction is used after its function returned')
    if (this.#failure !== undefined) {
      throw this.#failure
    }
    try {
      return operation()
    } catch (error) {
      if (error instanceof StoreError) {
        this.#failure = error
      }
      throw error
    }
  }
}
