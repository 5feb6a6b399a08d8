import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { KeyValue, TableDefinition } from '../system/store.ts'
import { type AnyRange, TableShape } from '../util/table-shape.ts'

type AnyRow = Record<string, SQLOutputValue>

/**
 * The statements of one table, each compiled once per shape of its range and kept. Their number is bounded by the
 * definition: 3 kinds × orders × prefix lengths × 2^6 options.
 */
export class SqliteTable {
  readonly #connection: DatabaseSync
  readonly #shape: TableShape
  readonly #names: readonly string[]
  readonly #columnList: string
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #ranges = new Map<string, StatementSync>()

  constructor(connection: DatabaseSync, table: TableDefinition) {
    this.#connection = connection
    this.#shape = new TableShape(table)
    this.#names = this.#shape.columns.map((column) => column.name)
    this.#columnList = this.#names.map(quote).join(', ')
    const name = quote(table.name)
    const byKey = table.key.map((column) => `${quote(column)} = ?`).join(' AND ')
    const marks = this.#names.map(() => '?').join(', ')
    this.#get = this.#select(`SELECT ${this.#columnList} FROM ${name} WHERE ${byKey}`)
    this.#put = connection.prepare(
      `INSERT INTO ${name} (${this.#columnList}) VALUES (${marks}) ${this.#onConflict(table)}`,
    )
    this.#delete = connection.prepare(`DELETE FROM ${name} WHERE ${byKey}`)
  }

  get(key: readonly KeyValue[]): AnyRow | undefined {
    this.#shape.checkKey(key)
    const values = this.#get.get(...key) as SQLOutputValue[] | undefined
    return values === undefined ? undefined : this.#toRow(values)
  }

  put(row: Readonly<Record<string, SQLInputValue>>): void {
    this.#shape.checkRow(row)
    this.#put.run(...this.#names.map((name) => row[name] ?? null))
  }

  delete(key: readonly KeyValue[]): boolean {
    this.#shape.checkKey(key)
    return this.#delete.run(...key).changes === 1
  }

  list(range: AnyRange): AnyRow[] {
    this.#shape.checkRange(range)
    const rows = this.#range('list', range).all(...parametersOf(range)) as unknown as SQLOutputValue[][]
    return rows.map((values) => this.#toRow(values))
  }

  count(range: AnyRange): number {
    this.#shape.checkRange(range)
    const [count] = this.#range('count', range).get(...parametersOf(range)) as unknown as [number]
    return count
  }

  deleteRange(range: AnyRange): number {
    this.#shape.checkDeleteRange(range)
    return Number(this.#range('delete', range).run(...parametersOf(range)).changes)
  }

  /** An upsert, because REPLACE would write every index anew even where its columns stay. */
  #onConflict(table: TableDefinition): string {
    const others = this.#names.filter((name) => !table.key.includes(name))
    const updates = others.map((name) => `${quote(name)} = excluded.${quote(name)}`)
    const target = table.key.map(quote).join(', ')
    return `ON CONFLICT (${target}) DO ${updates.length === 0 ? 'NOTHING' : `UPDATE SET ${updates.join(', ')}`}`
  }

  #toRow(values: readonly SQLOutputValue[]): AnyRow {
    const row: AnyRow = {}
    for (let i = 0; i < this.#names.length; i++) {
      row[this.#names[i] as string] = values[i] as SQLOutputValue
    }
    return row
  }

  #select(sql: string): StatementSync {
    const statement = this.#connection.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }

  #range(kind: 'list' | 'count' | 'delete', range: AnyRange): StatementSync {
    const form = `${kind} ${range.index ?? ''} ${range.prefix?.length ?? 0}${boundsOf(range)}${
      range.reverse === true ? ' reverse' : ''
    }${range.limit === undefined ? '' : ' limit'}`
    let statement = this.#ranges.get(form)
    if (statement === undefined) {
      statement = this.#select(this.#rangeSql(kind, range))
      this.#ranges.set(form, statement)
    }
    return statement
  }

  #rangeSql(kind: 'list' | 'count' | 'delete', range: AnyRange): string {
    const { table } = this.#shape
    const order = this.#shape.orderOf(range.index)
    const prefix = range.prefix ?? []
    const bounded = quote(order[prefix.length] ?? '')
    const conditions = [
      ...prefix.map((_, i) => `${quote(order[i] as string)} = ?`),
      ...boundsOf(range).map((operator) => `${bounded} ${operator} ?`),
    ]
    // Without statistics the planner may prefer another order and sort; the caller chose one.
    const source =
      quote(table.name) + (range.index === undefined ? '' : ` INDEXED BY ${quote(indexName(table, range.index))}`)
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
    const limit = range.limit === undefined ? '' : ' LIMIT ?'
    if (kind === 'delete') {
      return `DELETE FROM ${source}${where}`
    }
    if (kind === 'count') {
      return `SELECT count(*) FROM (SELECT 1 FROM ${source}${where}${limit})`
    }
    const direction = range.reverse === true ? ' DESC' : ''
    const sorted = withKey(table, order).map((column) => quote(column) + direction)
    return `SELECT ${this.#columnList} FROM ${source}${where} ORDER BY ${sorted.join(', ')}${limit}`
  }
}

/** The columns of an order, then those of the primary key that it lacks: they decide between equals. */
export function withKey(table: TableDefinition, order: readonly string[]): readonly string[] {
  return [...order, ...table.key.filter((column) => !order.includes(column))]
}

/** The name of an index in the file. */
export function indexName(table: TableDefinition, index: string): string {
  return `${table.name}__${index}`
}

/** An identifier as SQL reads it whatever word it is. */
export function quote(identifier: string): string {
  return `"${identifier}"`
}

function boundsOf(range: AnyRange): string[] {
  const operators: string[] = []
  if (range.from !== undefined) {
    operators.push('>=')
  }
  if (range.after !== undefined) {
    operators.push('>')
  }
  if (range.to !== undefined) {
    operators.push('<=')
  }
  if (range.before !== undefined) {
    operators.push('<')
  }
  return operators
}

function parametersOf(range: AnyRange): SQLInputValue[] {
  const values: (KeyValue | undefined)[] = [
    ...(range.prefix ?? []),
    range.from,
    range.after,
    range.to,
    range.before,
    range.limit,
  ]
  return values.filter((value) => value !== undefined)
}
