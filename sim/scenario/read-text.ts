import { readFileSync, statSync } from 'node:fs'
import { ScenarioError } from './scenario-error.ts'

/**
 * Reads a file of UTF-8 text. Only what is a regular file: a pipe may never end, and has nothing to say to whoever reads it
 * a second time.
 *
 * @param fail complains in the name of whoever named the file
 * @throws ScenarioError
 */
export function readText(path: string, bytesMax: number, fail: (message: string) => never = failed): string {
  const bytes = readBytes(path, bytesMax, fail)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return fail(`${path}: this is no UTF-8 text`)
  }
}

function readBytes(path: string, bytesMax: number, fail: (message: string) => never): Uint8Array {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) {
      return fail(`${path}: this is no file`)
    }
    if (stats.size > bytesMax) {
      return fail(`${path}: the file is larger than ${bytesMax} bytes`)
    }
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      return fail(`${path}: cannot be read: ${error.code}`)
    }
    throw error
  }
}

function failed(message: string): never {
  throw new ScenarioError(message)
}
