import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../find-home.ts'
import type { HomeState, Observations } from './observations.ts'
import { isStoreFile } from './store-file.ts'

/** Bytes written to see whether there is room: more than the file system keeps beside its blocks. */
const TRIAL_BYTES = 65_536

const STATE_OF: Readonly<Record<string, HomeState>> = {
  ENOENT: 'missing',
  ENOTDIR: 'no-folder',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
}

/** Tries to write into a home; leaves nothing behind. */
export function checkHome(home: Home): Observations['home'] {
  const { path, storePath } = home
  const isUsed = home.exists()
  const isDamaged = isUsed && !isStoreFile(storePath)
  return { path, state: tryToWrite(path), freeBytes: freeBytes(path), isUsed, isDamaged }
}

function tryToWrite(folder: string): HomeState {
  const path = join(folder, `.doctor-${process.pid}`)
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, new Uint8Array(TRIAL_BYTES))
      fsyncSync(file)
    } finally {
      closeSync(file)
      rmSync(path, { force: true })
    }
    return 'ok'
  } catch (error) {
    return STATE_OF[(error as NodeJS.ErrnoException).code ?? ''] ?? 'unwritable'
  }
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}
