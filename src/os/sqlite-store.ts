import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { KeyValue, Range, Reader, Schema, Store, TableDefinition, Transaction } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { checkSchema } from '../util/table-shape.ts'
import { storeError, toStoreError } from './sqlite-error.ts'
import { type OpenDatabase, openDatabase } from './sqlite-open.ts'
import { GuardedTransaction } from './sqlite-transaction.ts'
import { type Outcome, Turn } from './sqlite-turn.ts'

export interface SqliteStoreOptions {
  /** Size at which the file counts as full, in pages of 4 KiB. @default none, the disk is the bound */
  readonly maxPages?: number
  /** Called before each commit; if it throws, the commit fails with that. For tests. @default nothing */
  readonly beforeCommit?: () => void
}

type Control = 'begin' | 'commit' | 'savepoint' | 'release' | 'undo'

/**
 * After so many transactions a turn commits without waiting for its end: it bounds what waits for one commit and what
 * one failure undoes, while the cost of a commit is spread thin already.
 */
export const TURN_TRANSACTIONS_MAX = 4096

/**
 * Opens the store in the file `path`, creating it and its folder if need be. Throws `StoreError`: `in-use` at once if
 * another process has it, `corrupt`, `newer-schema`, `read-only`, `full` or `io`.
 */
export function openSqliteStore(path: string, schema: Schema, options: SqliteStoreOptions = {}): SqliteStore {
  checkSchema(schema)
  const database = openDatabase(path, schema)
  if (options.maxPages !== undefined) {
    database.connection.exec(`PRAGMA max_page_count = ${options.maxPages}`)
  }
  return new SqliteStore(path, database, options)
}

/**
 * `Store` in one SQLite file. The first write of an event-loop turn begins an SQL transaction, every later one runs in a
 * savepoint of it, and the turn ends with one commit: the price of a sync is shared by all who came in that turn.
 *
 * Every promise settles with the commit of its turn, that of a function that threw too: what it threw may tell of
 * something that is not yet on disk.
 */
export class SqliteStore implements Store {
  readonly read: Reader
  readonly #path: string
  readonly #connection: DatabaseSync
  readonly #tables: Transaction
  readonly #options: SqliteStoreOptions
  readonly #statements: Readonly<Record<Control, StatementSync>>
  #turn: Turn | undefined
  #running = false
  #closed = false

  constructor(path: string, database: OpenDatabase, options: SqliteStoreOptions) {
    this.#path = path
    this.#connection = database.connection
    this.#tables = database.tables
    this.#options = options
    this.read = this.#reader()
    this.#statements = {
      begin: this.#connection.prepare('BEGIN IMMEDIATE'),
      commit: this.#connection.prepare('COMMIT'),
      savepoint: this.#connection.prepare('SAVEPOINT one'),
      release: this.#connection.prepare('RELEASE one'),
      undo: this.#connection.prepare('ROLLBACK TO one'),
    }
  }

  transaction<Result>(fn: (transaction: Transaction) => Result): Promise<Result> {
    assert(!this.#running, 'a transaction begins inside another')
    if (this.#closed) {
      return Promise.reject(storeError('closed', this.#path))
    }
    const outcome = this.#run(fn)
    const turn = this.#turn
    if (turn === undefined) {
      return outcome.ok ? Promise.resolve(outcome.value) : Promise.reject(outcome.error)
    }
    const settled = turn.join(outcome)
    if (turn.size >= TURN_TRANSACTIONS_MAX) {
      this.#commit(turn)
    }
    return settled
  }

  /** Commits, folds the log into the file and gives it free. */
  async close(): Promise<void> {
    assert(!this.#running, 'the store is closed inside a transaction')
    if (this.#closed) {
      return
    }
    this.#closed = true
    if (this.#turn !== undefined) {
      this.#commit(this.#turn)
    }
    this.#connection.close()
  }

  #run<Result>(fn: (transaction: Transaction) => Result): Outcome<Result> {
    let savepoint = false
    const transaction = new GuardedTransaction(this.#tables, (isFirst) => {
      if (isFirst) {
        savepoint = this.#beginWriting()
      }
      this.#checkNotLost()
    })
    this.#running = true
    try {
      const value = fn(transaction)
      checkSynchronous(value)
      if (transaction.failure !== undefined) {
        throw transaction.failure
      }
      if (savepoint) {
        this.#execute('release')
      }
      return { ok: true, value }
    } catch (error) {
      if (transaction.wrote) {
        this.#undo(savepoint, transaction.failure ?? error)
      }
      return { ok: false, error }
    } finally {
      transaction.end()
      this.#running = false
    }
  }

  /** True if a savepoint was needed. The first to write in a turn has the whole SQL transaction to itself. */
  #beginWriting(): boolean {
    if (this.#turn !== undefined) {
      this.#checkNotLost()
      this.#execute('savepoint')
      return true
    }
    this.#execute('begin')
    const turn: Turn = new Turn(setImmediate(() => this.#commit(turn)))
    this.#turn = turn
    return false
  }

  /**
   * SQLite undoes the whole transaction by itself when the disk fails, even under a read
   * (https://sqlite.org/lang_transaction.html, 3): a write after that would be alone and at once on disk.
   */
  #checkNotLost(): void {
    if (!this.#connection.isTransaction) {
      throw storeError('io', this.#path, 'an earlier failure undid the transaction')
    }
  }

  #undo(savepoint: boolean, error: unknown): void {
    const turn = this.#turn
    assert(turn !== undefined, 'there is a turn while somebody writes')
    if (!savepoint || !this.#connection.isTransaction) {
      this.#fail(turn, error)
      return
    }
    try {
      this.#execute('undo')
      this.#execute('release')
    } catch (failure) {
      this.#fail(turn, failure)
    }
  }

  #commit(turn: Turn): void {
    try {
      this.#options.beforeCommit?.()
      this.#execute('commit')
    } catch (error) {
      this.#fail(turn, error)
      return
    }
    this.#turn = undefined
    turn.settle()
  }

  /** Undoes all of a turn. */
  #fail(turn: Turn, error: unknown): void {
    this.#turn = undefined
    turn.fail(error)
    if (this.#connection.isTransaction) {
      this.#connection.exec('ROLLBACK')
    }
  }

  #execute(name: Control): void {
    try {
      this.#statements[name].run()
    } catch (error) {
      throw toStoreError(error, this.#path)
    }
  }

  #reader(): Reader {
    const whileOpen = (): Reader => {
      if (this.#closed) {
        throw storeError('closed', this.#path)
      }
      return this.#tables
    }
    return {
      get: <T extends TableDefinition>(table: T, key: readonly KeyValue[]) => whileOpen().get(table, key),
      list: <T extends TableDefinition>(table: T, range?: Range<T>) => whileOpen().list(table, range),
      count: <T extends TableDefinition>(table: T, range?: Range<T>) => whileOpen().count(table, range),
    }
  }
}

function checkSynchronous(value: unknown): void {
  const isPromise = value instanceof Promise
  if (isPromise) {
    value.catch(() => {})
  }
  assert(!isPromise, 'the function of a transaction is synchronous')
}
