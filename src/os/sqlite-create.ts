import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { createPrivateFolder } from './private-folder.ts'
import { storeError } from './sqlite-error.ts'

/** Only the owner reads a store: it holds keys and messages. */
export const PRIVATE_FILE_MODE = 0o600

/**
 * Creates the file at `path` in one step, so that nobody ever sees half of one: `initialise` fills it under another
 * name, then it gets its own. If somebody else was faster, theirs stays. Folders that are missing are created.
 */
export function createStoreFile(path: string, initialise: (path: string) => void): void {
  for (const log of [`${path}-wal`, `${path}-journal`]) {
    if (existsSync(log)) {
      // SQLite would replay it into the new store.
      throw storeError('corrupt', path, `the file is missing, but ${log} is there`)
    }
  }
  const folder = dirname(path)
  createPrivateFolder(folder)
  const draft = `${path}.new-${process.pid}`
  rmSync(draft, { force: true })
  try {
    closeSync(openSync(draft, 'wx', PRIVATE_FILE_MODE))
    initialise(draft)
    linkUnlessThere(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
  syncFolder(folder)
}

function linkUnlessThere(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error
    }
  }
}

/** Makes the new name itself survive a power cut. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
