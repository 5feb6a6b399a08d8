import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/**
 * Writes a file so that whoever reads it sees all of it or what was there before: beside it first, then renamed.
 *
 * @throws Error of the file system; nothing is left beside it
 */
export function writeAtomically(file: string, content: string | Uint8Array): void {
  const beside = `${file}.part`
  try {
    writeDurably(beside, content)
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

function writeDurably(file: string, content: string | Uint8Array): void {
  const handle = openSync(file, 'w')
  try {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    let written = 0
    while (written < bytes.length) {
      written += writeSync(handle, bytes, written)
    }
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
