import type { ColumnType, KeyValue, TableDefinition } from '../../src/system/store.ts'
import { type AnyRange, TableShape } from '../../src/util/table-shape.ts'

export type AnyRow = Record<string, KeyValue | null>

/** Rows of one table in memory, in one sorted array for the primary key and one for each index. */
export class MemoryTable {
  readonly #shape: TableShape
  readonly #key: Order
  readonly #orders: ReadonlyMap<string | undefined, Order>

  constructor(table: TableDefinition) {
    this.#shape = new TableShape(table)
    this.#key = new Order(table, table.key)
    const orders = new Map<string | undefined, Order>([[undefined, this.#key]])
    for (const [index, columns] of Object.entries(table.indexes)) {
      orders.set(index, new Order(table, columns))
    }
    this.#orders = orders
  }

  get(key: readonly KeyValue[]): AnyRow | undefined {
    this.#shape.checkKey(key)
    return copyOrNothing(this.#find(key))
  }

  list(range: AnyRange): AnyRow[] {
    this.#shape.checkRange(range)
    const rows = this.#slice(range)
    return (range.reverse === true ? rows.reverse() : rows).slice(0, range.limit).map(copy)
  }

  count(range: AnyRange): number {
    this.#shape.checkRange(range)
    return Math.min(this.#slice(range).length, range.limit ?? Number.POSITIVE_INFINITY)
  }

  /** The row that was replaced. */
  put(row: AnyRow): AnyRow | undefined {
    this.#shape.checkRow(row)
    const previous = this.delete(this.keyOf(row))
    const kept = copy(row)
    for (const order of this.#orders.values()) {
      order.add(kept)
    }
    return previous
  }

  /** The row that was there. */
  delete(key: readonly KeyValue[]): AnyRow | undefined {
    this.#shape.checkKey(key)
    const row = this.#find(key)
    if (row !== undefined) {
      for (const order of this.#orders.values()) {
        order.remove(row)
      }
    }
    return row
  }

  /** The keys of the rows that `deleteRange` is to delete. */
  keysToDelete(range: AnyRange): (readonly KeyValue[])[] {
    this.#shape.checkDeleteRange(range)
    return this.#slice(range).map((row) => this.keyOf(row))
  }

  keyOf(row: AnyRow): readonly KeyValue[] {
    return this.#shape.table.key.map((column) => row[column] as KeyValue)
  }

  #find(key: readonly KeyValue[]): AnyRow | undefined {
    const [row] = this.#key.slice(this.#key.position(key, false), this.#key.position(key, true))
    return row
  }

  #slice(range: AnyRange): AnyRow[] {
    const order = this.#orders.get(range.index) as Order
    const prefix = range.prefix ?? []
    let start = order.position(prefix, false)
    let end = order.position(prefix, true)
    const { from, after, to, before } = range
    start = from === undefined ? start : Math.max(start, order.position([...prefix, from], false))
    start = after === undefined ? start : Math.max(start, order.position([...prefix, after], true))
    end = to === undefined ? end : Math.min(end, order.position([...prefix, to], true))
    end = before === undefined ? end : Math.min(end, order.position([...prefix, before], false))
    return order.slice(start, end)
  }
}

/** Rows sorted by some columns, then by the primary key. */
class Order {
  readonly #columns: readonly string[]
  readonly #types: readonly ColumnType[]
  readonly #rows: AnyRow[] = []

  constructor(table: TableDefinition, columns: readonly string[]) {
    this.#columns = [...columns, ...table.key]
    this.#types = this.#columns.map((column) => table.columns[column]?.type ?? 'text')
  }

  slice(start: number, end: number): AnyRow[] {
    return this.#rows.slice(start, end)
  }

  add(row: AnyRow): void {
    this.#rows.splice(this.position(this.#valuesOf(row), false), 0, row)
  }

  remove(row: AnyRow): void {
    this.#rows.splice(this.position(this.#valuesOf(row), false), 1)
  }

  /** How many rows come before those whose leading columns equal `values`; with `behind`, before the first after them. */
  position(values: readonly KeyValue[], behind: boolean): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = this.#compare(this.#rows[middle] as AnyRow, values)
      if (order < 0 || (behind && order === 0)) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  #valuesOf(row: AnyRow): KeyValue[] {
    return this.#columns.map((column) => row[column] as KeyValue)
  }

  #compare(row: AnyRow, values: readonly KeyValue[]): number {
    for (let i = 0; i < values.length; i++) {
      const order = compare(row[this.#columns[i] as string] as KeyValue, values[i] as KeyValue, this.#types[i])
      if (order !== 0) {
        return order
      }
    }
    return 0
  }
}

/** Text by UTF-8 bytes, bytes lexicographically, integers by value. */
function compare(a: KeyValue, b: KeyValue, type: ColumnType | undefined): number {
  if (type === 'integer') {
    return (a as number) - (b as number)
  }
  return Buffer.compare(toBytes(a), toBytes(b))
}

function toBytes(value: KeyValue): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
}

function copyOrNothing(row: AnyRow | undefined): AnyRow | undefined {
  return row === undefined ? undefined : copy(row)
}

function copy(row: AnyRow): AnyRow {
  const values = Object.entries(row).map(([name, value]) => [
    name,
    // Adding 0 makes 0 of -0, as a file would.
    value instanceof Uint8Array ? Uint8Array.from(value) : typeof value === 'number' ? value + 0 : value,
  ])
  return Object.fromEntries(values)
}
