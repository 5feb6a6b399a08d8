import type { TableDefinition } from '../system/store.ts'
import { clientPasswordsTable } from './tables/client-passwords.ts'
import { deliveredTable } from './tables/delivered.ts'
import { lastActivityTable } from './tables/last-activity.ts'
import { pepItemsTable, pepNodesTable } from './tables/pep.ts'
import { privateStorageTable } from './tables/private-storage.ts'
import { scramSecretTable } from './tables/scram-secret.ts'
import { uploadsTable, uploadTotalsTable } from './tables/uploads.ts'

/** The tables of the gateway; `since` 3, the schema version that brought it. */
export const gatewayTables: readonly TableDefinition[] = [
  clientPasswordsTable,
  scramSecretTable,
  deliveredTable,
  pepNodesTable,
  pepItemsTable,
  privateStorageTable,
  lastActivityTable,
  uploadsTable,
  uploadTotalsTable,
]
