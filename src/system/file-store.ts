/** Files that a node keeps for its owner, each written once. Names are `[a-z0-9]{1,64}`. */
export interface FileStore {
  /**
   * Keeps what `source` gives as a new file; on disk when it resolves. Nothing stays when `source` throws or has more or
   * fewer bytes than `bytes` (rejects with `RangeError`).
   */
  write(name: string, source: AsyncIterable<Uint8Array>, bytes: number): Promise<void>
  /** Length and content; undefined if there is none. */
  read(name: string): Promise<{ readonly bytes: number; readonly content: AsyncIterable<Uint8Array> } | undefined>
  /** True if there was such a file. */
  delete(name: string): Promise<boolean>
}
