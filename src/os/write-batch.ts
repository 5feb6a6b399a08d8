import { WRITE_BATCH_MAX_BYTES } from './client-limits.ts'

/** Joins what is written in one turn of the event loop, so that it leaves with one call of the system (and one TLS record). */
export class WriteBatch {
  readonly #send: (bytes: Buffer) => void
  #text = ''
  #bytes = 0
  #turn: NodeJS.Immediate | undefined

  constructor(send: (bytes: Buffer) => void) {
    this.#send = send
  }

  /** Bytes that wait for the end of the turn. */
  get bytes(): number {
    return this.#bytes
  }

  add(text: string): void {
    this.#text += text
    this.#bytes += Buffer.byteLength(text)
    if (this.#bytes >= WRITE_BATCH_MAX_BYTES) {
      this.flush()
    } else {
      this.#turn ??= setImmediate(() => this.flush())
    }
  }

  /** Keeps what waits until the next `flush` or `add`. */
  hold(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
  }

  flush(): void {
    this.hold()
    if (this.#text !== '') {
      const bytes = Buffer.from(this.#text)
      this.drop()
      this.#send(bytes)
    }
  }

  drop(): void {
    this.hold()
    this.#text = ''
    this.#bytes = 0
  }
}
