import { realNowMs } from '../time/virtual-time.ts'

/** Between two pictures of a bar on a terminal, and between two plain lines; milliseconds of real time. */
const BAR_EVERY_MS = 200
const LINE_EVERY_MS = 10_000

const BAR_CHARACTERS = 30

/** Where progress is shown: `stderr` of the process. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** How far a run is and how long it will take: a bar on a terminal, plain lines otherwise. */
export class ProgressDisplay {
  readonly #stream: ProgressStream
  readonly #wholeMs: number
  readonly #now: () => number
  readonly #begunMs: number
  #shownMs: number
  #hasBar = false

  constructor(stream: ProgressStream, wholeMs: number, now: () => number = realNowMs) {
    this.#stream = stream
    this.#wholeMs = Math.max(1, wholeMs)
    this.#now = now
    this.#begunMs = now()
    this.#shownMs = this.#begunMs
  }

  /** Shows that so much simulated time is over, if it was not shown a moment ago. */
  update(simulatedMs: number): void {
    const nowMs = this.#now()
    const isTerminal = this.#stream.isTTY === true
    if (nowMs - this.#shownMs < (isTerminal ? BAR_EVERY_MS : LINE_EVERY_MS)) {
      return
    }
    this.#shownMs = nowMs
    const done = Math.min(1, Math.max(0, simulatedMs / this.#wholeMs))
    const text = `${percent(done)} ${clock(simulatedMs)} simulated, ${this.#left(nowMs, done)}`
    this.#hasBar = isTerminal
    this.#stream.write(isTerminal ? `\r\x1b[K[${bar(done)}] ${text}` : `${text}\n`)
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#hasBar) {
      this.#stream.write('\r\x1b[K')
      this.#hasBar = false
    }
  }

  #left(nowMs: number, done: number): string {
    if (done <= 0) {
      return 'time left unknown'
    }
    const spentMs = nowMs - this.#begunMs
    return `about ${clock((spentMs / done) * (1 - done))} left`
  }
}

function bar(done: number): string {
  const full = Math.floor(done * BAR_CHARACTERS)
  return `${'#'.repeat(full)}${'-'.repeat(BAR_CHARACTERS - full)}`
}

function percent(done: number): string {
  return `${Math.floor(done * 100)}`.padStart(3).concat(' %')
}

/** Hours, minutes and seconds: `1:02:03`, with days in front if there are any. */
function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const days = Math.floor(seconds / 86_400)
  const parts = [Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60]
  const time = parts.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
  return days === 0 ? time : `${days} d ${time}`
}
