import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Only the owner looks into folders that hold keys and messages. */
const PRIVATE_FOLDER_MODE = 0o700

/**
 * Creates a folder and those above it that are missing, mode 0700. Throws what node:fs throws. (`mkdirSync` with
 * `recursive` never returns for a path under /proc: Node 24 takes the ENOENT there for a missing parent, for ever.)
 */
export function createPrivateFolder(path: string): void {
  const parent = dirname(path)
  if (parent !== path && !existsSync(parent)) {
    createPrivateFolder(parent)
  }
  try {
    mkdirSync(path, { mode: PRIVATE_FOLDER_MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error
    }
  }
}
