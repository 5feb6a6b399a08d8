import type { TableDefinition } from '../system/store.ts'

/** The tables of the gateway; `since` 3, the schema version that brought it. */
export const gatewayTables: readonly TableDefinition[] = []
