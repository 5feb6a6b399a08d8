import { datastoreTable } from '../system/datastore-table.ts'
import type { TableDefinition } from '../system/store.ts'
import { archiveTable } from './tables/archive.ts'
import { blockedTable } from './tables/blocked.ts'
import { handledTable } from './tables/handled.ts'
import {
  collectionsTable,
  contactKeysTable,
  contactNodesTable,
  contactPermitsTable,
  contactPrekeysTable,
  prekeysTable,
  singleUsePrekeysTable,
} from './tables/letter-keys.ts'
import { letterBytesTable, lettersTable, tombstonesTable } from './tables/letters.ts'
import { outboxTable } from './tables/outbox.ts'
import { ownKeysTable } from './tables/own-keys.ts'
import { publicProfilesTable } from './tables/public-profiles.ts'
import { accountRecordsTable, recordTotalsTable } from './tables/records.ts'
import { contactHintsTable, rosterTable } from './tables/roster.ts'

/** The tables of a node. */
export const nodeTables: readonly TableDefinition[] = [
  ownKeysTable,
  rosterTable,
  contactHintsTable,
  archiveTable,
  outboxTable,
  handledTable,
  accountRecordsTable,
  recordTotalsTable,
  datastoreTable,
  lettersTable,
  letterBytesTable,
  tombstonesTable,
  prekeysTable,
  singleUsePrekeysTable,
  contactKeysTable,
  contactNodesTable,
  contactPrekeysTable,
  contactPermitsTable,
  collectionsTable,
  blockedTable,
  publicProfilesTable,
]
