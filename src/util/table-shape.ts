import type { ColumnType, Range, Schema, TableDefinition } from '../system/store.ts'
import { assert } from './assert.ts'

/** Any table, its literal types forgotten. */
export type AnyRange = Range<TableDefinition>

interface ColumnShape {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
}

/** Names that are safe in every store and collide with nothing of its own. */
const NAME_PATTERN = /^(?!sqlite)[a-z][A-Za-z0-9_]*$/

/**
 * A table definition made ready for checking what programs hand to a store. Every check is an assertion: types, sizes
 * and well-formedness of what comes from outside are judged where it comes in, long before the store.
 */
export class TableShape {
  readonly table: TableDefinition
  readonly columns: readonly ColumnShape[]
  readonly #columnByName: ReadonlyMap<string, ColumnShape>

  constructor(table: TableDefinition) {
    this.table = table
    this.columns = Object.entries(table.columns).map(([name, column]) => ({
      name,
      type: column.type,
      nullable: column.nullable === true,
    }))
    this.#columnByName = new Map(this.columns.map((column) => [column.name, column]))
  }

  /** The columns of the primary key or of an index. */
  orderOf(index: string | undefined): readonly string[] {
    const order = index === undefined ? this.table.key : this.table.indexes[index]
    assert(order !== undefined, `table ${this.table.name} has no index ${index}`)
    return order
  }

  checkRow(row: Readonly<Record<string, unknown>>): void {
    for (const column of this.columns) {
      const value = row[column.name]
      if (!(value === null && column.nullable) && !isOfType(value, column.type)) {
        assert(false, `${this.table.name}.${column.name} takes ${wordFor(column.type)}, not ${describe(value)}`)
      }
    }
    const given = Object.keys(row).length
    if (given !== this.columns.length) {
      assert(false, `table ${this.table.name} has ${this.columns.length} columns, the row ${given}`)
    }
  }

  checkKey(key: readonly unknown[]): void {
    const columns = this.table.key
    if (key.length !== columns.length) {
      assert(false, `the key of ${this.table.name} has ${columns.length} values, not ${key.length}`)
    }
    this.#checkValues(columns, key)
  }

  checkRange(range: AnyRange): void {
    const order = this.orderOf(range.index)
    const prefix = range.prefix ?? []
    const bounds = [range.from, range.after, range.to, range.before].filter((bound) => bound !== undefined)
    const depth = prefix.length + (bounds.length > 0 ? 1 : 0)
    assert(depth <= order.length, 'a range reaches beyond the columns of its order')
    this.#checkValues(order, prefix)
    for (const bound of bounds) {
      this.#checkValues(order.slice(prefix.length), [bound])
    }
    const { limit } = range
    assert(limit === undefined || (Number.isSafeInteger(limit) && limit >= 0), 'the limit of a range is a count')
  }

  checkDeleteRange(range: AnyRange): void {
    assert(range.limit === undefined && range.reverse === undefined, 'deleteRange takes neither limit nor reverse')
    this.checkRange(range)
  }

  #checkValues(columns: readonly string[], values: readonly unknown[]): void {
    for (let i = 0; i < values.length; i++) {
      const column = this.#columnByName.get(columns[i] ?? '')
      if (column === undefined || !isOfType(values[i], column.type)) {
        assert(false, `${this.table.name}.${columns[i]} takes ${column?.type}, not ${describe(values[i])}`)
      }
    }
  }
}

/** Checks that a schema is one that a store can keep. An assertion fails otherwise. */
export function checkSchema(schema: Schema): void {
  assert(Number.isSafeInteger(schema.version) && schema.version >= 1, 'schema versions count from 1')
  const names = new Set(schema.tables.map((table) => table.name))
  assert(names.size === schema.tables.length, 'two tables have one name')
  for (const table of schema.tables) {
    checkTable(table, schema.version)
  }
  let previous = 0
  for (const upgrade of schema.upgrades) {
    assert(upgrade.to >= previous && upgrade.to <= schema.version, 'upgrades are in order and none is of the future')
    previous = upgrade.to
  }
}

function checkTable(table: TableDefinition, version: number): void {
  const since = table.since ?? 1
  assert(NAME_PATTERN.test(table.name), `no name for a table: ${table.name}`)
  assert(since <= version, `table ${table.name} is of a future version`)
  assert(table.key.length > 0, `table ${table.name} has no key`)
  for (const [name, column] of Object.entries(table.columns)) {
    assert(NAME_PATTERN.test(name), `no name for a column: ${table.name}.${name}`)
    assert((column.since ?? since) <= version, `column ${table.name}.${name} is of a future version`)
  }
  for (const column of table.key) {
    assert((table.columns[column]?.since ?? since) === since, `the key of ${table.name} cannot grow`)
  }
  for (const [name, columns] of Object.entries({ key: table.key, ...table.indexes })) {
    assert(NAME_PATTERN.test(name) && columns.length > 0, `no index: ${table.name}.${name}`)
    for (const column of columns) {
      const definition = table.columns[column]
      assert(definition !== undefined && definition.nullable !== true, `${table.name}.${column} cannot be ordered by`)
    }
  }
}

function isOfType(value: unknown, type: ColumnType): boolean {
  if (type === 'text') {
    // A lone surrogate has no UTF-8 form: two different strings would become one key.
    return typeof value === 'string' && value.isWellFormed()
  }
  return type === 'integer' ? Number.isSafeInteger(value) : value instanceof Uint8Array
}

function wordFor(type: ColumnType): string {
  return type === 'text' ? 'well-formed text' : type === 'integer' ? 'a safe integer' : 'bytes'
}

/** The kind of a value, never the value: it may be somebody's message. */
function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}
