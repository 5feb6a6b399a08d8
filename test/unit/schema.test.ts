import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deliveredTable } from '../../src/gateway/tables/delivered.ts'
import { archiveTable } from '../../src/node/tables/archive.ts'
import { rosterTable } from '../../src/node/tables/roster.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { nodeSchema } from '../../src/schema.ts'
import type { Row, Schema, TableDefinition } from '../../src/system/store.ts'

/** A table as an older version knew it. */
function tableOf(table: TableDefinition, version: number): TableDefinition {
  const columns = Object.entries(table.columns).filter(([, column]) => (column.since ?? table.since ?? 1) <= version)
  const names = new Set(columns.map(([name]) => name))
  const indexes = Object.entries(table.indexes).filter(([, order]) => order.every((column) => names.has(column)))
  return { ...table, columns: Object.fromEntries(columns), indexes: Object.fromEntries(indexes) }
}

function schemaOf(version: number): Schema {
  const tables = nodeSchema.tables.filter((table) => (table.since ?? 1) <= version)
  return { version, tables: tables.map((table) => tableOf(table, version)), upgrades: [] }
}

test('a home of version 2 opens with what it holds, and has the tables and indexes of today', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-schema-'))
  try {
    const path = join(folder, 'kabber.sqlite')
    const old = schemaOf(2)
    const table = (name: string): TableDefinition => old.tables.find((one) => one.name === name) as TableDefinition
    const roster = { account: 'a', jid: 'b', name: 'B', state: 'both', approved: 1 }
    const message = { account: 'a', position: 7, id: 'm', peer: 'b', direction: 'in', stanza_id: '' }
    const archived = { ...message, stamp_ms: 5, state: 'received', stanza: '<message/>', error: null }
    const before = openSqliteStore(path, old)
    const account = { kind: 'account', id: 'a', seed: new Uint8Array(32), nickname: null }
    await before.transaction((transaction) => {
      transaction.put(table('own_keys'), account as unknown as Row<TableDefinition>)
      transaction.put(table('roster'), roster as unknown as Row<TableDefinition>)
      transaction.put(table('archive'), archived as unknown as Row<TableDefinition>)
    })
    await before.close()
    const store = openSqliteStore(path, nodeSchema)
    assert.deepEqual(store.read.list(rosterTable), [{ ...roster, groups: null, request: null, listed: null }])
    const range = { index: 'by_direction', prefix: ['a', 'in', 0] } as const
    assert.deepEqual(store.read.list(archiveTable, range), [{ ...archived, hidden: 0, arrived_ms: null }])
    assert.equal(store.read.get(deliveredTable, ['a'])?.archive_id, '7')
    for (const { name } of nodeSchema.tables) {
      assert.ok(store.read.count(nodeSchema.tables.find((one) => one.name === name) as TableDefinition) >= 0)
    }
    await store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
