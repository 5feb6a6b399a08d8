import { SeededRandom } from '../system/seeded-random.ts'
import { EventQueue } from './event-queue.ts'
import type { Scheduler } from './scheduler.ts'

/** Real turns of the event loop asked for at once; between any two Node drains ticks and promises. */
const TURNS_PER_BATCH = 64
/** Of errors inside a run: libraries throw them by the thousand where nobody looks, and each frame costs. */
const STACK_FRAMES: number = Number(process.env.KABBER_SIM_STACK_FRAMES ?? 2)
/** Wall time at the start of a run. */
const EPOCH_MS: number = Date.UTC(2026, 0, 1)

// Taken while they are the real ones: this module is loaded before anything is replaced.
const realSetImmediate = setImmediate
const realDate = Date

/** Nothing is left to happen, and the run waits for something. */
class DeadlockError extends Error {
  override readonly name = 'DeadlockError'
}

/** The run did something that has no place in virtual time. */
export class RealWorkError extends Error {
  override readonly name = 'RealWorkError'
}

/**
 * Time that passes as fast as its events can be worked off. One event is fired, then Node drains ticks and promises, then
 * the next: as all input and output is simulated, nothing else can be pending in between.
 */
export class VirtualTime implements Scheduler {
  readonly #queue = new EventQueue()
  #nowMs = 0
  #fired = 0
  #random = new SeededRandom('before the run')
  #problem: Error | undefined
  #isRunning = false

  now(): number {
    return this.#nowMs
  }

  /** Milliseconds since 1970, as the run sees it. */
  wallMs(): number {
    return EPOCH_MS + this.#nowMs
  }

  /** Events fired since the run began. */
  get fired(): number {
    return this.#fired
  }

  /** Events that wait. */
  get pending(): number {
    return this.#queue.size
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  /** What is drawn ambiently, by libraries that know nothing of the simulation. */
  get ambientRandom(): SeededRandom {
    return this.#random
  }

  schedule(delayMs: number, fn: () => void): { cancel(): void } {
    const event = this.#queue.add(this.#nowMs + Math.max(0, delayMs), fn)
    return { cancel: () => this.#queue.cancel(event) }
  }

  /** Ends the run with this error as soon as what is going on has been drained. */
  fail(problem: Error): void {
    this.#problem ??= problem
  }

  /**
   * Runs `main` from time zero to its end; what was scheduled before is forgotten.
   *
   * @throws DeadlockError, RealWorkError, what an event threw, or what `main` did
   */
  async drive<Result>(seed: string | number, main: () => Promise<Result>): Promise<Result> {
    if (this.#isRunning) {
      throw new Error('one run at a time in one process')
    }
    this.#queue.clear()
    this.#nowMs = 0
    this.#fired = 0
    this.#problem = undefined
    this.#random = new SeededRandom(`${seed}/ambient`)
    this.#isRunning = true
    const stackTraceLimit = Error.stackTraceLimit
    Error.stackTraceLimit = STACK_FRAMES
    const onUnhandled = (reason: unknown): void =>
      this.fail(reason instanceof Error ? reason : new Error(String(reason)))
    process.on('unhandledRejection', onUnhandled)
    try {
      return await this.#pump(main)
    } finally {
      process.off('unhandledRejection', onUnhandled)
      Error.stackTraceLimit = stackTraceLimit
      this.#isRunning = false
      this.#queue.clear()
    }
  }

  #pump<Result>(main: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    let isOver = false
    const end = (settle: () => void): void => {
      isOver = true
      settle()
    }
    const turn = (): void => {
      if (isOver) {
        return
      }
      try {
        if (this.#problem !== undefined) {
          throw this.#problem
        }
        this.#fireNext()
      } catch (error) {
        end(() => reject(error))
      }
    }
    const batch = (): void => {
      if (isOver) {
        return
      }
      for (let index = 0; index < TURNS_PER_BATCH; index++) {
        realSetImmediate(turn)
      }
      realSetImmediate(batch)
    }
    main().then(
      (result) => end(() => (this.#problem === undefined ? resolve(result) : reject(this.#problem))),
      (error) => end(() => reject(this.#problem ?? error)),
    )
    realSetImmediate(batch)
    return promise
  }

  #fireNext(): void {
    const event = this.#queue.take()
    if (event === undefined) {
      throw new DeadlockError(`at ${this.#nowMs} ms nothing is left to happen and the run has not ended`)
    }
    this.#nowMs = Math.max(this.#nowMs, event.atMs)
    this.#fired += 1
    event.fn()
  }
}

let installed: VirtualTime | undefined

/** Called by the preload alone. */
export function installTime(time: VirtualTime): void {
  installed = time
}

/**
 * The time that has replaced the real one in this process.
 *
 * @throws when the process was not started with the preload
 */
export function virtualTime(): VirtualTime {
  if (installed === undefined) {
    throw new Error(
      'virtual time has to be there first: start with node --import ./sim/time/preload.ts (kabber sim does)',
    )
  }
  return installed
}

/** The machine's own time, for what is measured about a run: milliseconds since 1970. */
export function realNowMs(): number {
  return realDate.now()
}

/** One turn of the machine's own event loop, in which it hears of signals. Never inside a run in virtual time. */
export function realTurn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}
