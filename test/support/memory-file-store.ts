import type { FileStore } from '../../src/system/file-store.ts'
import { assert } from '../../src/util/assert.ts'

/** Files in memory. */
export class MemoryFileStore implements FileStore {
  readonly files: Map<string, Uint8Array> = new Map()

  async write(name: string, source: AsyncIterable<Uint8Array>, bytes: number): Promise<void> {
    assert(!this.files.has(name), 'a file is written once')
    const content: number[] = []
    for await (const chunk of source) {
      content.push(...chunk)
    }
    if (content.length !== bytes) {
      throw new RangeError(`the file has ${content.length} bytes, not ${bytes}`)
    }
    this.files.set(name, Uint8Array.from(content))
  }

  async read(name: string): ReturnType<FileStore['read']> {
    const content = this.files.get(name)
    return content && { bytes: content.length, content: oneChunk(content) }
  }

  async delete(name: string): Promise<boolean> {
    return this.files.delete(name)
  }
}

async function* oneChunk(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content
}
