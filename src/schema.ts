import { gatewayTables } from './gateway/schema.ts'
import { nodeTables } from './node/schema.ts'
import type { Schema } from './system/store.ts'

/** The tables of a home, those of the node and those of the gateway, in one place so that their version counts them all. */
export const nodeSchema: Schema = {
  version: 3,
  tables: [...nodeTables, ...gatewayTables],
  upgrades: [],
}
