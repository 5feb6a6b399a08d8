import type { AccountRecord } from '../identity/account-record.ts'
import type { Clock } from '../system/clock.ts'
import { DialError } from '../system/network.ts'
import { abortable } from '../util/abortable.ts'
import { toHex } from '../util/bytes.ts'
import { Gate } from '../util/gate.ts'
import type { RecordLookup } from './record-lookup.ts'

/** Lookups under way at a time, each with 10 custodians to ask. *ours* */
const LOOKUPS_AT_ONCE_MAX = 16
/** Lookups that wait for their turn: a large roster. Further ones fail. *ours* */
const LOOKUPS_WAITING_MAX = 4096
/** A lookup ends with what it has after so long: finding the custodians, a dial and an answer. *ours* */
const LOOKUP_TIMEOUT_MS = 15_000

interface Shared {
  readonly outcome: Promise<AccountRecord | undefined>
  readonly controller: AbortController
  callers: number
}

/** Lookups by account: those for one account share one, and only so many run at a time. */
export class SharedLookups {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #lookup: RecordLookup
  readonly #gate = new Gate({ maxInside: LOOKUPS_AT_ONCE_MAX, maxWaiting: LOOKUPS_WAITING_MAX })
  readonly #shared = new Map<string, Shared>()
  readonly #stopping = new AbortController()

  constructor(clock: Pick<Clock, 'schedule'>, lookup: RecordLookup) {
    this.#clock = clock
    this.#lookup = lookup
  }

  /**
   * The newest valid record that the custodians of an account have.
   *
   * @throws the signal's reason; DialError `limit` when too many lookups wait, `stopped` after `stop`
   */
  async find(publicKey: Uint8Array, signal: AbortSignal): Promise<AccountRecord | undefined> {
    signal.throwIfAborted()
    const key = toHex(publicKey)
    const shared = this.#shared.get(key) ?? this.#start(key, publicKey)
    shared.callers++
    try {
      return await abortable(shared.outcome, signal)
    } finally {
      shared.callers--
      if (shared.callers === 0 && this.#shared.get(key) === shared) {
        this.#shared.delete(key)
        shared.controller.abort(signal.reason)
      }
    }
  }

  /** Ends all lookups and waits for them. Idempotent. */
  async stop(): Promise<void> {
    const reason = new DialError('stopped', 'the node is stopping')
    this.#stopping.abort(reason)
    const running = [...this.#shared.values()]
    for (const { controller } of running) {
      controller.abort(reason)
    }
    await Promise.allSettled(running.map(({ outcome }) => outcome))
  }

  #start(key: string, publicKey: Uint8Array): Shared {
    const controller = new AbortController()
    const outcome = this.#run(publicKey, controller).finally(() => {
      if (this.#shared.get(key) === shared) {
        this.#shared.delete(key)
      }
    })
    const shared: Shared = { outcome, controller, callers: 0 }
    this.#shared.set(key, shared)
    return shared
  }

  async #run(publicKey: Uint8Array, controller: AbortController): Promise<AccountRecord | undefined> {
    this.#stopping.signal.throwIfAborted()
    const leave = await this.#gate.enter(controller.signal)
    if (leave === undefined) {
      throw new DialError('limit', 'too many lookups wait')
    }
    const timer = this.#clock.schedule(LOOKUP_TIMEOUT_MS, () =>
      controller.abort(new DialError('unreachable', 'the custodians did not answer in time')),
    )
    try {
      const found = await this.#lookup.find(publicKey, controller.signal)
      this.#stopping.signal.throwIfAborted()
      return found
    } finally {
      timer.cancel()
      leave()
    }
  }
}
