import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { OutputError } from './output-error.ts'

/**
 * Makes sure that a run may write into `path`: it is not there yet and can be made, or is an empty folder. Called before
 * a run begins, so that a long run does not fail at its end, and nothing is overwritten.
 *
 * @throws OutputError in one line
 */
export function claimFolder(path: string): void {
  const entries = entriesOf(path)
  if (entries !== undefined && entries.length > 0) {
    throw new OutputError(`${path}: the output folder is not empty; name another one with --out`)
  }
  try {
    makeFolder(resolve(path))
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new OutputError(`${path}: the output folder cannot be written: ${codeOf(error)}`)
  }
}

/** Makes a folder and those above it. Node's own `recursive` never ends where a file system has no new folders (/proc). */
function makeFolder(path: string): void {
  if (!existsSync(path)) {
    makeFolder(dirname(path))
    mkdirSync(path)
  }
}

/** What is in a folder, or undefined where there is none yet. */
function entriesOf(path: string): readonly string[] | undefined {
  try {
    if (!statSync(path).isDirectory()) {
      throw new OutputError(`${path}: the output folder is a file; name another one with --out`)
    }
    return readdirSync(path)
  } catch (error) {
    if (error instanceof OutputError) {
      throw error
    }
    if (codeOf(error) === 'ENOENT') {
      return undefined
    }
    const where = codeOf(error) === 'ENOTDIR' ? ` (${dirname(path)})` : ''
    throw new OutputError(`${path}: the output folder cannot be read: ${codeOf(error)}${where}`)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
