import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileStore } from '../system/file-store.ts'
import { assert } from '../util/assert.ts'
import { fileContent } from './file-content.ts'
import { createPrivateFolder } from './private-folder.ts'

const PRIVATE_FILE_MODE = 0o600
/** Ends the name of a file that is not complete; no name of the store has a dot. */
const PART_SUFFIX = '.part'
const NAME = /^[a-z0-9]{1,64}$/

/**
 * Files in a folder of their own (mode 0700, files 0600). A file gets its name when all of it is on disk, so after a
 * crash it is there whole or not at all; what a crash left over is deleted at the next start.
 */
export class FolderFileStore implements FileStore {
  readonly #folder: string
  readonly #writing = new Set<string>()
  #opened: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  async write(name: string, source: AsyncIterable<Uint8Array>, bytes: number): Promise<void> {
    const path = this.#path(name)
    const part = join(this.#folder, `${name}.${randomUUID()}${PART_SUFFIX}`)
    assert(!this.#writing.has(name), 'a file is written once')
    this.#writing.add(name)
    try {
      await this.#open()
      assert(!(await exists(path)), 'a file is written once')
      await writePart(part, source, bytes)
      await rename(part, path)
      await syncFolder(this.#folder).catch(async (error: unknown) => {
        await rm(path, { force: true })
        throw error
      })
    } catch (error) {
      await rm(part, { force: true })
      throw error
    } finally {
      this.#writing.delete(name)
    }
  }

  async read(
    name: string,
  ): Promise<{ readonly bytes: number; readonly content: AsyncIterable<Uint8Array> } | undefined> {
    const path = this.#path(name)
    const stats = await lstat(path).catch(ifMissing)
    return stats?.isFile() ? { bytes: stats.size, content: fileContent(path, stats.size) } : undefined
  }

  async delete(name: string): Promise<boolean> {
    const deleted = await rm(this.#path(name)).then(() => true, ifMissing)
    if (deleted) {
      await syncFolder(this.#folder)
    }
    return deleted ?? false
  }

  #path(name: string): string {
    assert(NAME.test(name), 'a file name is 1 to 64 of a-z and 0-9')
    return join(this.#folder, name)
  }

  #open(): Promise<void> {
    this.#opened ??= this.#sweep().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async #sweep(): Promise<void> {
    createPrivateFolder(this.#folder)
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith(PART_SUFFIX)) {
        await rm(join(this.#folder, name), { force: true })
      }
    }
  }
}

async function writePart(path: string, source: AsyncIterable<Uint8Array>, bytes: number): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE_MODE)
  try {
    const written = await writeAll(file, source, bytes)
    if (written !== bytes) {
      throw new RangeError(`the file has ${written} bytes, not ${bytes}`)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, source: AsyncIterable<Uint8Array>, bytes: number): Promise<number> {
  let written = 0
  for await (const chunk of source) {
    if (written + chunk.byteLength > bytes) {
      throw new RangeError(`the file has more than ${bytes} bytes`)
    }
    await file.writeFile(chunk)
    written += chunk.byteLength
  }
  return written
}

/** A name is on disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ifMissing)) !== undefined
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') {
    throw error
  }
}
