import type { ClientConnection } from '../../system/client-connection.ts'
import type { Clock, Timer } from '../../system/clock.ts'

/** Bytes that may wait for a client that does not read; then whoever can wait waits, and we read nothing from it either. */
const MAX_BUFFERED_BYTES = 1_048_576
/** A client that takes not one byte for so long is gone. */
const STALL_MS = 60_000

/** Watches whether a client takes what is written to it. */
export class WriteWatch {
  readonly #connection: Pick<ClientConnection, 'bufferedBytes'>
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #stalled: () => void
  #timer: Timer | undefined
  #written = 0
  #taken = 0

  constructor(
    connection: Pick<ClientConnection, 'bufferedBytes'>,
    clock: Pick<Clock, 'schedule'>,
    stalled: () => void,
  ) {
    this.#connection = connection
    this.#clock = clock
    this.#stalled = stalled
  }

  get isFull(): boolean {
    return this.#connection.bufferedBytes >= MAX_BUFFERED_BYTES
  }

  get isEmpty(): boolean {
    return this.#connection.bufferedBytes === 0
  }

  wrote(text: string): void {
    this.#written += text.length
    if (this.#timer === undefined && !this.isEmpty) {
      this.#taken = this.#progress()
      this.#timer = this.#clock.schedule(STALL_MS, () => this.#look())
    }
  }

  drained(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  stop(): void {
    this.drained()
  }

  /** Grows when bytes leave; as text is counted in characters it is no count of bytes. */
  #progress(): number {
    return this.#written - this.#connection.bufferedBytes
  }

  #look(): void {
    this.#timer = undefined
    if (this.isEmpty) {
      return
    }
    if (this.#progress() <= this.#taken) {
      this.#stalled()
      return
    }
    this.wrote('')
  }
}
