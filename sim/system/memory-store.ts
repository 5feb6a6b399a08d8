import type { Clock } from '../../src/system/clock.ts'
import {
  type KeyValue,
  type Range,
  type Reader,
  type Row,
  type Schema,
  type Store,
  StoreError,
  type StoreFailure,
  type TableDefinition,
  type Transaction,
} from '../../src/system/store.ts'
import { assert } from '../../src/util/assert.ts'
import { type AnyRange, checkSchema } from '../../src/util/table-shape.ts'
import { type AnyRow, MemoryTable } from './memory-table.ts'

export interface MemoryStoreInit {
  /** Decides when a commit happens. @default setImmediate, whatever the delay */
  readonly clock?: Pick<Clock, 'schedule'>
  /** From the first write of a turn to its commit; all that comes meanwhile shares it. @default 0 */
  readonly commitDelayMs?: number
}

/** How to take one write back. */
interface Undo {
  readonly table: TableDefinition
  readonly key: readonly KeyValue[]
  readonly previous: AnyRow | undefined
}

interface Turn {
  readonly undo: Undo[]
  readonly waiting: { settle(): void; fail(error: StoreError): void }[]
}

/**
 * `Store` in memory, with the promises of the real one on any clock: what is not committed is lost by `crash`, and a
 * commit can be made to fail.
 */
export class MemoryStore implements Store {
  readonly read: Reader
  readonly #schema: Schema
  readonly #init: MemoryStoreInit
  readonly #tables: ReadonlyMap<TableDefinition, MemoryTable>
  #turn: Turn | undefined
  #running = false
  #gone: string | undefined
  #nextFailure: StoreFailure | undefined

  constructor(schema: Schema, init: MemoryStoreInit = {}) {
    checkSchema(schema)
    this.#schema = schema
    this.#init = init
    this.#tables = new Map(schema.tables.map((table) => [table, new MemoryTable(table)]))
    this.read = this.#operations(() => this.#checkOpen())
  }

  transaction<Result>(fn: (transaction: Transaction) => Result): Promise<Result> {
    assert(!this.#running, 'a transaction begins inside another')
    if (this.#gone !== undefined) {
      return Promise.reject(this.#error('closed'))
    }
    const outcome = this.#run(fn)
    const turn = this.#turn
    if (turn === undefined) {
      return outcome()
    }
    return new Promise((resolve, reject) => {
      turn.waiting.push({ settle: () => resolve(outcome()), fail: reject })
    })
  }

  async close(): Promise<void> {
    assert(!this.#running, 'the store is closed inside a transaction')
    this.#commit(this.#turn)
    this.#gone ??= 'closed'
  }

  /**
   * The power fails: returns the store as it is found afterwards, with what was committed and nothing else. This one
   * answers nothing any more; promises that wait for a commit reject, so that what is left of the program can end.
   */
  crash(init: MemoryStoreInit = this.#init): MemoryStore {
    const turn = this.#turn
    this.#undo(turn?.undo ?? [])
    this.#turn = undefined
    this.#gone = 'crashed'
    for (const waiting of turn?.waiting ?? []) {
      waiting.fail(this.#error('closed'))
    }
    return this.#copy(this.#schema, init)
  }

  /** The store as a program with a later schema finds it; this one must be closed. */
  reopen(schema: Schema = this.#schema): MemoryStore {
    assert(this.#gone !== undefined, 'a store is closed before it is opened again')
    const next = this.#copy(schema, this.#init)
    if (schema.version > this.#schema.version) {
      const transaction = next.#operations(() => {})
      for (const upgrade of schema.upgrades.filter(({ to }) => to > this.#schema.version)) {
        upgrade.run(transaction)
      }
    }
    return next
  }

  /** The next commit that has anything to write fails and undoes its turn. */
  failNextCommit(failure: StoreFailure = 'full'): void {
    this.#nextFailure = failure
  }

  #copy(schema: Schema, init: MemoryStoreInit): MemoryStore {
    const next = new MemoryStore(schema, init)
    for (const [table, rows] of this.#tables) {
      const target = schema.tables.find(({ name }) => name === table.name)
      for (const row of target === undefined ? [] : rows.list({})) {
        next.#rows(target as TableDefinition).put({ ...missingColumns(target as TableDefinition), ...row })
      }
    }
    return next
  }

  /** Returns a function that gives or throws what `fn` did. */
  #run<Result>(fn: (transaction: Transaction) => Result): () => Promise<Result> {
    const undo: Undo[] = []
    let ended = false
    this.#running = true
    try {
      const value = fn(
        this.#operations(() => assert(!ended, 'a transaction is used after its function returned'), undo),
      )
      if (value instanceof Promise) {
        value.catch(() => {})
        assert(false, 'the function of a transaction is synchronous')
      }
      return () => Promise.resolve(value)
    } catch (error) {
      this.#undo(undo.splice(0))
      return () => Promise.reject(error)
    } finally {
      ended = true
      this.#running = false
      this.#turn?.undo.push(...undo)
    }
  }

  #undo(writes: readonly Undo[]): void {
    for (const { table, key, previous } of writes.toReversed()) {
      if (previous === undefined) {
        this.#rows(table).delete(key)
      } else {
        this.#rows(table).put(previous)
      }
    }
  }

  #beginTurn(): void {
    if (this.#turn !== undefined) {
      return
    }
    const turn: Turn = { undo: [], waiting: [] }
    this.#turn = turn
    const { clock, commitDelayMs = 0 } = this.#init
    const commit = (): void => this.#commit(turn)
    if (clock === undefined) {
      setImmediate(commit)
    } else {
      clock.schedule(commitDelayMs, commit)
    }
  }

  #commit(turn: Turn | undefined): void {
    if (turn === undefined || turn !== this.#turn) {
      return
    }
    this.#turn = undefined
    const failure = this.#nextFailure
    this.#nextFailure = undefined
    if (failure !== undefined) {
      this.#undo(turn.undo)
    }
    for (const waiting of turn.waiting) {
      if (failure === undefined) {
        waiting.settle()
      } else {
        waiting.fail(this.#error(failure))
      }
    }
  }

  #operations(check: () => void, undo: Undo[] = []): Transaction {
    const rows = (table: TableDefinition): MemoryTable => {
      check()
      return this.#rows(table)
    }
    const write = (table: TableDefinition): MemoryTable => {
      const target = rows(table)
      this.#beginTurn()
      return target
    }
    const remove = (table: TableDefinition, key: readonly KeyValue[]): boolean => {
      const previous = write(table).delete(key)
      undo.push({ table, key, previous })
      return previous !== undefined
    }
    return {
      get: <T extends TableDefinition>(table: T, key: readonly KeyValue[]) =>
        rows(table).get(key) as Row<T> | undefined,
      list: <T extends TableDefinition>(table: T, range: Range<T> = {}) =>
        rows(table).list(range as AnyRange) as Row<T>[],
      count: <T extends TableDefinition>(table: T, range: Range<T> = {}) => rows(table).count(range as AnyRange),
      put: <T extends TableDefinition>(table: T, row: Row<T>) => {
        const target = write(table)
        const previous = target.put(row as AnyRow)
        undo.push({ table, key: target.keyOf(row as AnyRow), previous })
      },
      delete: remove,
      deleteRange: <T extends TableDefinition>(table: T, range: Range<T>) =>
        write(table)
          .keysToDelete(range as AnyRange)
          .filter((key) => remove(table, key)).length,
    }
  }

  #rows(table: TableDefinition): MemoryTable {
    const rows = this.#tables.get(table)
    assert(rows !== undefined, `table ${table.name} is not of this store's schema`)
    return rows
  }

  #checkOpen(): void {
    if (this.#gone !== undefined) {
      throw this.#error('closed')
    }
  }

  #error(failure: StoreFailure): StoreError {
    return new StoreError(failure, `The store in memory failed: ${this.#gone ?? failure}.`)
  }
}

/** What older rows hold in columns that came later. */
function missingColumns(table: TableDefinition): AnyRow {
  const defaults = { text: '', integer: 0, bytes: new Uint8Array(0) } as const
  return Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [
      name,
      column.nullable === true ? null : defaults[column.type],
    ]),
  )
}
