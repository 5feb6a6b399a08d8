import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'

/** Writes a file so that whoever reads it sees all of it or what was there before: beside it first, then renamed. */
export function writeAtomically(file: string, content: string | Uint8Array): void {
  const beside = `${file}.part`
  const handle = openSync(beside, 'w')
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
  renameSync(beside, file)
}
