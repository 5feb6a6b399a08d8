import { datastoreTable } from '../system/datastore-table.ts'
import type { Schema } from '../system/store.ts'
import { archiveTable } from './tables/archive.ts'
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
import { accountRecordsTable, recordTotalsTable } from './tables/records.ts'
import { contactHintsTable, rosterTable } from './tables/roster.ts'

/** The tables of a node, in one place so that their version counts them all. */
export const nodeSchema: Schema = {
  version: 2,
  tables: [
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
  ],
  upgrades: [],
}
