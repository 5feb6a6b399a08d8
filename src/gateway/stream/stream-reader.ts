import type { ClientConnection } from '../../system/client-connection.ts'
import type { Clock, Timer } from '../../system/clock.ts'

/** Elements handled before others get their turn. */
const MAX_SLICE_ELEMENTS = 64
/** Time for that, should elements be expensive. */
const MAX_SLICE_MS = 10

/** What is read, and when. */
export interface StreamReaderInit {
  readonly connection: Pick<ClientConnection, 'pause' | 'resume'>
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  /** Takes what comes next. False if nothing does. */
  readonly readOne: () => boolean
  /** Whether there is room for what it leads to. */
  readonly mayRead: () => boolean
}

/** Takes what a client has sent: in slices, so that nobody is kept waiting, and only while there is room for it. */
export class StreamReader {
  readonly #init: StreamReaderInit
  #holds = 0
  #isPaused = false
  #isReading = false
  #isStopped = false
  #timer: Timer | undefined

  constructor(init: StreamReaderInit) {
    this.#init = init
  }

  /** Takes what has come, until its turn is over or something has to be waited for. */
  read(): void {
    if (this.#isReading || this.#isStopped) {
      return
    }
    const { clock, readOne } = this.#init
    this.#isReading = true
    this.#timer?.cancel()
    this.#timer = undefined
    const untilMs = clock.monotonicMs() + MAX_SLICE_MS
    let taken = 0
    while (this.#canRead() && readOne()) {
      taken++
      if (taken >= MAX_SLICE_ELEMENTS || clock.monotonicMs() >= untilMs) {
        this.#timer = clock.schedule(0, () => this.read())
        break
      }
    }
    this.#isReading = false
    this.#pauseOrResume()
  }

  /** Nothing is read until the returned function is called. */
  hold(): () => void {
    this.#holds++
    let isReleased = false
    return () => {
      if (!isReleased) {
        isReleased = true
        this.#holds--
        this.read()
      }
    }
  }

  /** Reads no more. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #canRead(): boolean {
    return this.#holds === 0 && !this.#isStopped && this.#init.mayRead()
  }

  /** While we do not read, the machine does not either, so that the client is slowed down and not our memory filled. */
  #pauseOrResume(): void {
    const mustWait = !this.#canRead() || this.#timer !== undefined
    if (mustWait === this.#isPaused || this.#isStopped) {
      return
    }
    this.#isPaused = mustWait
    if (mustWait) {
      this.#init.connection.pause()
    } else {
      this.#init.connection.resume()
    }
  }
}
