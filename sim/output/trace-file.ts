import { closeSync, openSync, writeSync } from 'node:fs'

/** Lines written before every second event is left out, then three of four, and so on. */
const LINES_PER_STRIDE = 10_000
/** Bytes gathered before they go to the file. */
const BUFFERED_CHARACTERS_MAX = 65_536

/** An event of a run, as the tiers tell it. */
export interface TraceEvent {
  readonly t_ms: number
  readonly kind: string
  readonly [key: string]: string | number
}

/**
 * `trace.jsonl`: a sample of the events of a run, one a line, with their number `n`. The file grows with the logarithm
 * of the run: after every 10,000 lines the distance between kept events doubles. Written as the run goes on, so that a
 * run that is killed leaves what it had; the last line may then be cut.
 */
export class TraceFile {
  readonly #handle: number
  #lines: string[] = []
  #buffered = 0
  #seen = 0
  #stride = 1
  #inStride = 0
  #isOpen = true

  constructor(file: string) {
    this.#handle = openSync(file, 'wx')
  }

  /** Keeps an event or leaves it out. */
  add(event: TraceEvent): void {
    const n = this.#seen++
    if (n % this.#stride !== 0 || !this.#isOpen) {
      return
    }
    const line = `${JSON.stringify({ n, ...event })}\n`
    this.#lines.push(line)
    this.#buffered += line.length
    if (++this.#inStride === LINES_PER_STRIDE) {
      this.#stride *= 2
      this.#inStride = 0
    }
    if (this.#buffered >= BUFFERED_CHARACTERS_MAX) {
      this.flush()
    }
  }

  /** Hands what was gathered to the operating system. */
  flush(): void {
    if (this.#lines.length > 0) {
      writeSync(this.#handle, this.#lines.join(''))
      this.#lines = []
      this.#buffered = 0
    }
  }

  /** Writes the rest and closes the file, also where there is no room for the rest; idempotent. */
  close(): void {
    if (!this.#isOpen) {
      return
    }
    this.#isOpen = false
    try {
      this.flush()
    } finally {
      closeSync(this.#handle)
    }
  }
}
