import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Schema } from '../system/store.ts'
import { createStoreFile, PRIVATE_FILE_MODE } from './sqlite-create.ts'
import { storeError, toStoreError } from './sqlite-error.ts'
import { upgradeSchema } from './sqlite-schema.ts'
import { SqliteTables } from './sqlite-tables.ts'

/** "kabb" in ASCII; tells our files from other programs' databases (https://sqlite.org/pragma.html#pragma_application_id). */
const STORE_APPLICATION_ID = 0x6b616262

/**
 * Files up to this size are searched for damage whenever they are opened (0.9 ms/MB when cached, so 60 ms at the bound).
 * Larger ones would keep a node from starting for seconds on a slow disk. There SQLite still refuses a bad header, a
 * file shorter than its header says and a broken schema at once, and any other damaged page when it is read: the call
 * throws `corrupt` then. Whether the last shutdown was clean says nothing: the log is checksummed, so a crash damages
 * no page; disks and careless copies do.
 */
const QUICK_CHECK_MAX_BYTES = 64 * 1024 * 1024

/**
 * Pages of 4 KiB in the log (8 MB) that set off a checkpoint. A page that changed often is then copied once: some 20 %
 * more transactions a second than with SQLite's 1,000, at 256 in flight.
 */
const CHECKPOINT_PAGES = 2000

/** The log is cut back to this after a checkpoint, if a large transaction made it longer. */
const LOG_KEPT_MAX_BYTES = 16 * 1024 * 1024

/** Memory for pages, in KiB. */
const PAGE_CACHE_KIB = 8 * 1024

/** An open, locked, checked and upgraded file. */
export interface OpenDatabase {
  readonly connection: DatabaseSync
  readonly tables: SqliteTables
}

/**
 * Opens the store file at `path`, or creates it. Throws `StoreError`; a file it refuses is left as it was.
 *
 * The file itself is never opened with node:fs: closing such a descriptor would drop this process's lock on it
 * (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export function openDatabase(path: string, schema: Schema): OpenDatabase {
  try {
    if (!existsSync(path)) {
      createStoreFile(path, initialise)
    }
    checkAccess(path)
    return checked(new DatabaseSync(path, { timeout: 0 }), schema, path)
  } catch (error) {
    throw toStoreError(error, path)
  }
}

function checked(connection: DatabaseSync, schema: Schema, path: string): OpenDatabase {
  try {
    // Locks with the first read, at once or not at all, and keeps the index of the log out of shared memory.
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    const id = pragma(connection, 'application_id')
    if (id !== STORE_APPLICATION_ID) {
      throw storeError('corrupt', path, `application id ${String(id)}`)
    }
    configure(connection, path)
    checkIntegrity(connection, path)
    const tables = new SqliteTables(connection, schema, path)
    upgradeSchema(connection, schema, tables, path)
    return { connection, tables }
  } catch (error) {
    connection.close()
    throw error
  }
}

function checkAccess(path: string): void {
  const stats = statSync(path)
  if (!stats.isFile()) {
    throw storeError('corrupt', path, 'not a file')
  }
  if (stats.size === 0) {
    // We never leave one behind (see createStoreFile), and SQLite would take it for a new store.
    throw storeError('corrupt', path, 'empty')
  }
  accessSync(path, constants.R_OK | constants.W_OK)
  accessSync(dirname(path), constants.W_OK)
  if ((stats.mode & 0o777 & ~PRIVATE_FILE_MODE) !== 0) {
    // A backup was put back with wider permissions; SQLite gives the log those of the file.
    chmodSync(path, PRIVATE_FILE_MODE)
  }
}

/** `temp_store` keeps the undo pages of savepoints in memory; `fullfsync` makes macOS flush the drive's own cache. */
function configure(connection: DatabaseSync, path: string): void {
  const mode = pragma(connection, 'journal_mode = WAL')
  if (mode !== 'wal') {
    throw storeError('io', path, `journal mode ${String(mode)}`)
  }
  connection.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_KEPT_MAX_BYTES};
    PRAGMA cache_size = -${PAGE_CACHE_KIB};
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;
  `)
}

function checkIntegrity(connection: DatabaseSync, path: string): void {
  const bytes = Number(pragma(connection, 'page_count')) * Number(pragma(connection, 'page_size'))
  if (bytes > QUICK_CHECK_MAX_BYTES) {
    return
  }
  const verdict = pragma(connection, 'quick_check(1)')
  if (verdict !== 'ok') {
    throw storeError('corrupt', path, String(verdict))
  }
}

/** An empty database that is ours: version 0, no tables. */
function initialise(path: string): void {
  const connection = new DatabaseSync(path)
  try {
    connection.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA application_id = ${STORE_APPLICATION_ID}`,
    )
  } finally {
    connection.close()
  }
}

function pragma(connection: DatabaseSync, text: string): unknown {
  return Object.values(connection.prepare(`PRAGMA ${text}`).get() ?? {})[0]
}
