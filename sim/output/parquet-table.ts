import { parquetWriteBuffer } from 'hyparquet-writer'

/** Types of columns; what may be missing is nullable. */
export type ColumnType = 'DOUBLE' | 'INT32' | 'STRING' | 'BOOLEAN'

/** Columns of a table in their order. */
export type Columns<Row> = { readonly [Name in keyof Row]-?: ColumnType }

/** Rows of all groups but the first, which is small so that readers can show a table at once. */
const ROW_GROUP_ROWS: readonly number[] = [1_000, 100_000]

/** A table as a Parquet file (Snappy). The same rows give the same bytes. */
export function parquetTable<Row extends object>(columns: Columns<Row>, rows: readonly Row[]): Uint8Array {
  const names = Object.keys(columns) as (keyof Row & string)[]
  const buffer = parquetWriteBuffer({
    columnData: names.map((name) => ({
      name,
      type: columns[name],
      nullable: true,
      data: rows.map((row) => orNull(row[name])) as (number | string | boolean | null)[],
    })),
    rowGroupSize: [...ROW_GROUP_ROWS],
    createdBy: 'kabber',
  })
  return new Uint8Array(buffer)
}

/** NaN is what was not measured. */
function orNull(value: unknown): unknown {
  return Number.isNaN(value) ? null : value
}
