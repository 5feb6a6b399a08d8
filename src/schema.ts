import { gatewayTables } from './gateway/schema.ts'
import { deliveredTable } from './gateway/tables/delivered.ts'
import { nodeTables } from './node/schema.ts'
import { archiveTable } from './node/tables/archive.ts'
import { ownKeysTable } from './node/tables/own-keys.ts'
import type { Schema, Transaction } from './system/store.ts'

/** The tables of a home, those of the node and those of the gateway, in one place so that their version counts them all. */
export const nodeSchema: Schema = {
  version: 3,
  tables: [...nodeTables, ...gatewayTables],
  upgrades: [{ to: 3, run: countAsDelivered }],
}

/** What came before there were clients has been read by `kabber history`; the first client gets it from the archive. */
function countAsDelivered(transaction: Transaction): void {
  const [last] = transaction.list(archiveTable, { reverse: true, limit: 1 })
  for (const { id } of last === undefined ? [] : transaction.list(ownKeysTable, { prefix: ['account'] })) {
    transaction.put(deliveredTable, { account: id, archive_id: String(last?.position) })
  }
}
