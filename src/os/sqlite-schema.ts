import type { DatabaseSync } from 'node:sqlite'
import type { ColumnDefinition, Schema, TableDefinition, Transaction } from '../system/store.ts'
import { storeError } from './sqlite-error.ts'
import { indexName, quote, withKey } from './sqlite-table.ts'

const SQL_TYPES = { text: 'TEXT', integer: 'INTEGER', bytes: 'BLOB' } as const

/** What rows written before a column was there hold in it when it may not be null. */
const SQL_DEFAULTS = { text: "''", integer: '0', bytes: "x''" } as const

/** The `user_version` of the file: the version of the schema that wrote it, 0 for a new one. */
function schemaVersion(connection: DatabaseSync): number {
  return Number(Object.values(connection.prepare('PRAGMA user_version').get() ?? {})[0])
}

/**
 * Brings the file to the version of `schema` in one transaction: missing tables, columns and indexes, then the upgrades
 * that an older file has not seen (a new file needs none). Throws `newer-schema`, or `corrupt` if a file of the same
 * version lacks something.
 */
export function upgradeSchema(connection: DatabaseSync, schema: Schema, transaction: Transaction, path: string): void {
  const found = schemaVersion(connection)
  if (found > schema.version) {
    throw storeError('newer-schema', path, `its version is ${found}, this program knows ${schema.version}`)
  }
  const changes = schema.tables.flatMap((table) => missingParts(connection, table))
  if (found === schema.version) {
    if (changes.length > 0) {
      throw storeError('corrupt', path, `it lacks what version ${found} has: ${changes.join('; ')}`)
    }
    return
  }
  connection.exec('BEGIN IMMEDIATE')
  try {
    for (const change of changes) {
      connection.exec(change)
    }
    for (const upgrade of schema.upgrades) {
      if (found > 0 && upgrade.to > found) {
        upgrade.run(transaction)
      }
    }
    connection.exec(`PRAGMA user_version = ${schema.version}`)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) {
      connection.exec('ROLLBACK')
    }
    throw error
  }
}

/** The statements that give the file what `table` has and it lacks. */
function missingParts(connection: DatabaseSync, table: TableDefinition): string[] {
  const present = namesOf(connection, 'SELECT name FROM pragma_table_info(?)', table.name)
  const indexes = namesOf(connection, 'SELECT name FROM pragma_index_list(?)', table.name)
  const changes: string[] = []
  if (present.size === 0) {
    changes.push(createTableSql(table))
  } else {
    for (const [name, column] of Object.entries(table.columns)) {
      if (!present.has(name)) {
        const fallback = column.nullable === true ? '' : ` DEFAULT ${SQL_DEFAULTS[column.type]}`
        changes.push(`ALTER TABLE ${quote(table.name)} ADD COLUMN ${columnSql(name, column)}${fallback}`)
      }
    }
  }
  for (const [index, order] of Object.entries(table.indexes)) {
    const name = indexName(table, index)
    if (!indexes.has(name)) {
      // With the key at its end the index alone gives the order of ties, also in a table that has row ids.
      const columns = withKey(table, order).map(quote).join(', ')
      changes.push(`CREATE INDEX ${quote(name)} ON ${quote(table.name)} (${columns})`)
    }
  }
  return changes
}

function createTableSql(table: TableDefinition): string {
  const columns = Object.entries(table.columns).map(([name, column]) => columnSql(name, column))
  const key = `PRIMARY KEY (${table.key.map(quote).join(', ')})`
  const options = clustersByKey(table) ? 'STRICT, WITHOUT ROWID' : 'STRICT'
  return `CREATE TABLE ${quote(table.name)} (${[...columns, key].join(', ')}) ${options}`
}

/**
 * Whether rows live in the b-tree of their key. Not with a key of one integer (it is the row id itself), nor with bytes
 * beside the key: blobs in the inner pages make every look-up read more (https://sqlite.org/withoutrowid.html, 4).
 */
function clustersByKey(table: TableDefinition): boolean {
  const [first] = table.key
  const isRowId = table.key.length === 1 && first !== undefined && table.columns[first]?.type === 'integer'
  return (
    !isRowId &&
    Object.entries(table.columns).every(([name, column]) => column.type !== 'bytes' || table.key.includes(name))
  )
}

function columnSql(name: string, column: ColumnDefinition): string {
  return `${quote(name)} ${SQL_TYPES[column.type]}${column.nullable === true ? '' : ' NOT NULL'}`
}

function namesOf(connection: DatabaseSync, sql: string, table: string): Set<string> {
  return new Set(
    connection
      .prepare(sql)
      .all(table)
      .map((row) => String(row.name)),
  )
}
