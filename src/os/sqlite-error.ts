import { StoreError, type StoreFailure } from '../system/store.ts'

/** Primary result codes of SQLite, https://sqlite.org/rescode.html; extended codes carry them in the low byte. */
const FAILURES: Readonly<Record<number, StoreFailure>> = {
  5: 'in-use', // SQLITE_BUSY
  6: 'in-use', // SQLITE_LOCKED
  8: 'read-only', // SQLITE_READONLY
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  26: 'corrupt', // SQLITE_NOTADB
}

const ERRNO_FAILURES: Readonly<Record<string, StoreFailure>> = {
  EACCES: 'read-only',
  EPERM: 'read-only',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
}

const ADVICE: Readonly<Record<StoreFailure, string>> = {
  'in-use': 'is in use by another process: stop the node that runs on this home, or use another home',
  corrupt:
    'is damaged or is not a store of this program. Nothing was deleted. Move it and the file of the same name ending ' +
    'in -wal aside together, put both from a backup in their place and start again',
  'newer-schema': 'was written by a newer version of this program: install that version or a later one',
  'read-only': 'cannot be written: give yourself write permission for the file and its folder',
  full: 'cannot grow because the disk is full: free some space. What was confirmed before is safe',
  closed: 'is closed',
  io: 'could not be read or written: check the disk',
}

/** A `StoreError` whose message names the file and says what to do. */
export function storeError(failure: StoreFailure, path: string, detail?: string, cause?: unknown): StoreError {
  const message = `The store ${path} ${ADVICE[failure]}${detail === undefined ? '' : ` (${detail})`}.`
  return new StoreError(failure, message, { cause })
}

/** Translates what node:sqlite or node:fs threw; whatever is neither (a programmer error) comes back unchanged. */
export function toStoreError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) {
    return error
  }
  const { code, errcode, syscall } = error as Error & { code?: string; errcode?: number; syscall?: string }
  if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined) {
    return storeError(FAILURES[errcode & 0xff] ?? 'io', path, `SQLite ${errcode}: ${error.message}`, error)
  }
  // An integer no row of ours can hold (node:sqlite refuses to round it).
  if (code === 'ERR_OUT_OF_RANGE') {
    return storeError('corrupt', path, 'an integer out of range', error)
  }
  return syscall === undefined ? error : storeError(ERRNO_FAILURES[code ?? ''] ?? 'io', path, code, error)
}
