/** Thrown for a line that is longer than allowed; nothing of it is kept. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError'
}

/** Cuts a byte stream into lines of UTF-8 without ever holding more than one line of `maxLineBytes`. */
export class LineSplitter {
  readonly #maxLineBytes: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #parts: Uint8Array[] = []
  #heldBytes = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /**
   * The lines that `chunk` completes, without their line feeds.
   *
   * @throws LineTooLongError, or TypeError for what is not UTF-8; the splitter is of no use afterwards
   */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#hold(chunk.subarray(start, end))
      yield this.#take()
      start = end + 1
    }
    this.#hold(chunk.subarray(start))
  }

  /** What stands after the last line feed, or undefined if that is nothing. */
  end(): string | undefined {
    return this.#heldBytes === 0 ? undefined : this.#take()
  }

  #hold(part: Uint8Array): void {
    this.#heldBytes += part.length
    if (this.#heldBytes > this.#maxLineBytes) {
      this.#parts = []
      throw new LineTooLongError(`a line is longer than ${this.#maxLineBytes} bytes`)
    }
    if (part.length > 0) {
      this.#parts.push(part)
    }
  }

  #take(): string {
    const line = new Uint8Array(this.#heldBytes)
    let offset = 0
    for (const part of this.#parts) {
      line.set(part, offset)
      offset += part.length
    }
    this.#parts = []
    this.#heldBytes = 0
    return this.#decoder.decode(line)
  }
}
