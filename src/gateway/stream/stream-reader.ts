import type { ClientConnection } from '../../system/client-connection.ts'
import type { Clock, Timer } from '../../system/clock.ts'

/** Elements of one client that are handled in a turn of the event loop; then others get theirs. */
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
  /** Runs out when the turn is over in which something was read. */
  #turn: Timer | undefined
  /** Of this turn. */
  #taken = 0
  #untilMs = 0
  #isExhausted = false

  constructor(init: StreamReaderInit) {
    this.#init = init
  }

  /**
   * Takes what has come, until the turn's share is used up or something has to be waited for. A share is for the whole turn,
   * however often this is called: each stanza that was handled makes room for another one, and so on without an end.
   */
  read(): void {
    if (this.#isReading || this.#isStopped) {
      return
    }
    this.#isReading = true
    while (this.#canRead() && this.#hasShare() && this.#init.readOne()) {
      this.#taken++
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
    this.#turn?.cancel()
    this.#turn = undefined
  }

  #canRead(): boolean {
    return this.#holds === 0 && !this.#isStopped && this.#init.mayRead()
  }

  #hasShare(): boolean {
    const { clock } = this.#init
    if (this.#turn === undefined) {
      this.#taken = 0
      this.#untilMs = clock.monotonicMs() + MAX_SLICE_MS
      this.#turn = clock.schedule(0, () => this.#nextTurn())
    } else if (this.#taken >= MAX_SLICE_ELEMENTS || clock.monotonicMs() >= this.#untilMs) {
      this.#isExhausted = true
    }
    return !this.#isExhausted
  }

  #nextTurn(): void {
    this.#turn = undefined
    if (this.#isExhausted) {
      this.#isExhausted = false
      this.read()
    }
  }

  /** While we do not read, the machine does not either, so that the client is slowed down and not our memory filled. */
  #pauseOrResume(): void {
    const mustWait = !this.#canRead() || this.#isExhausted
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
