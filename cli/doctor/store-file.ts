import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'

/** The header of a database, bytes (https://sqlite.org/fileformat2.html, 1.3). */
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
const PAGE_SIZE_AT = 16
const PAGES_AT = 28
const APPLICATION_ID_AT = 68
/** "kabb" in ASCII, as the store writes it. */
const APPLICATION_ID = 0x6b616262
/** What the header says of a page of 65,536 bytes, which do not fit there. */
const LARGEST_PAGE_WORD = 1

/**
 * Whether a file looks like a store from outside: a database of this program, no shorter than its header says. It is read
 * as any file, without a lock and without a log beside it, so that a doctor who is somebody else leaves nothing behind. A
 * file that cannot be read counts as good: that is another trouble.
 */
export function isStoreFile(path: string): boolean {
  try {
    const { size } = statSync(path)
    const header = readHeader(path)
    if (header.length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
      return false
    }
    const word = header.readUInt16BE(PAGE_SIZE_AT)
    const pageBytes = word === LARGEST_PAGE_WORD ? 65_536 : word
    // Where there is a log, the end of the file may still be in that.
    const isWhole = header.readUInt32BE(PAGES_AT) * pageBytes <= size || existsSync(`${path}-wal`)
    return isWhole && header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EISDIR'
  }
}

function readHeader(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0))
  } finally {
    closeSync(file)
  }
}
