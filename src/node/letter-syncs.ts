import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { PeerIdText } from '../system/network.ts'

/** Syncs under way: each may hold a letter of 64 KiB and the ids of a mailbox. *ours* */
const SYNCS_MAX = 8
/** Syncs that wait for one of these; more are left to the next round. *ours* */
const SYNCS_WAITING_MAX = 4_096
/** One that takes longer is given up: a mailbox of 4 MiB both ways over a slow line. *ours* */
const SYNC_MAX_MS = 300_000
/** Times one is repeated because letters were deposited meanwhile; then it counts as incomplete. *ours* */
const SYNC_REPEATS_MAX = 3

/** One mailbox (in text) with one peer. */
export interface SyncTask {
  readonly mailbox: string
  readonly peerId: PeerIdText
}

/**
 * How a sync ended. `synced`: both have the same. `incomplete`: the peer answers, but not everything could move.
 * `no-storage`: it keeps nothing for others. `silent`: anything else.
 */
export type SyncResult = 'synced' | 'incomplete' | 'no-storage' | 'silent'

export interface LetterSyncsInit {
  /** Makes both sides equal; never rejects. */
  readonly synchronise: (task: SyncTask, signal: AbortSignal) => Promise<SyncResult>
  /** Called once a sync, except for those that are given up by `stop`. */
  readonly settled: (task: SyncTask, result: SyncResult) => void
}

/** A sync under way. */
interface Run {
  readonly task: SyncTask
  readonly ended: Promise<void>
  /** A letter was deposited since it began. */
  isStale: boolean
}

/** Runs syncs, a bounded number at a time, one of a mailbox and peer. */
export class LetterSyncs {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #logger: Logger
  readonly #init: LetterSyncsInit
  readonly #waiting = new Map<string, SyncTask>()
  readonly #running = new Map<string, Run>()
  readonly #stopping = new AbortController()

  constructor(components: { clock: Pick<Clock, 'schedule'>; logger: Logger }, init: LetterSyncsInit) {
    this.#clock = components.clock
    this.#logger = components.logger
    this.#init = init
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.size === 0
  }

  /** One that runs or waits already is not run twice. */
  add(task: SyncTask): void {
    const key = `${task.mailbox} ${task.peerId}`
    if (this.#running.has(key) || this.#waiting.has(key) || this.#stopping.signal.aborted) {
      return
    }
    if (this.#waiting.size >= SYNCS_WAITING_MAX) {
      this.#logger.warn('too many mailboxes wait to be compared', { peer: task.peerId })
      return
    }
    this.#waiting.set(key, task)
    this.#fill()
  }

  /** What waits is dropped, to make way for what is more urgent. */
  dropWaiting(): void {
    this.#waiting.clear()
  }

  /** A letter was deposited: syncs of this mailbox that are under way may have missed it. */
  deposited(mailbox: string): void {
    for (const run of this.#running.values()) {
      run.isStale ||= run.task.mailbox === mailbox
    }
  }

  /** Gives up what runs, and waits for its end. Idempotent. */
  async stop(): Promise<void> {
    this.#waiting.clear()
    this.#stopping.abort(new Error('the node is stopping'))
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  #fill(): void {
    for (const [key, task] of this.#waiting) {
      if (this.#running.size >= SYNCS_MAX) {
        return
      }
      this.#waiting.delete(key)
      const run: Run = { task, isStale: false, ended: this.#run(key, task, () => run) }
      this.#running.set(key, run)
    }
  }

  async #run(key: string, task: SyncTask, runOf: () => Run): Promise<void> {
    const timeout = new AbortController()
    const timer = this.#clock.schedule(SYNC_MAX_MS, () => timeout.abort(new Error('the sync took too long')))
    const signal = AbortSignal.any([timeout.signal, this.#stopping.signal])
    const result = await this.#result(task, signal, runOf)
    timer.cancel()
    this.#running.delete(key)
    if (!this.#stopping.signal.aborted) {
      this.#init.settled(task, result)
      this.#fill()
    }
  }

  async #result(task: SyncTask, signal: AbortSignal, runOf: () => Run): Promise<SyncResult> {
    // Only after this wait `runOf` knows its run.
    await Promise.resolve()
    for (let repeats = 0; repeats <= SYNC_REPEATS_MAX; repeats++) {
      runOf().isStale = false
      const result = await this.#init.synchronise(task, signal)
      if (result !== 'synced' || !runOf().isStale) {
        return result
      }
    }
    return 'incomplete'
  }
}
