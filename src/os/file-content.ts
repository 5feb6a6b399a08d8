import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** How much is read at once. */
const CHUNK_BYTES = 64 * 1024

/**
 * The first `bytes` bytes of a file, opened when somebody begins to read and closed when they stop. Throws when it is
 * shorter, is no file, or is a symbolic link.
 */
export async function* fileContent(path: string, bytes: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    for (let offset = 0; offset < bytes; ) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - offset))
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, offset)
      if (bytesRead === 0) {
        throw new Error('the file is shorter than it was')
      }
      offset += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
