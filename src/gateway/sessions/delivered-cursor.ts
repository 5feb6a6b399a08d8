import type { Clock, Timer } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Store } from '../../system/store.ts'
import { StoreError } from '../../system/store.ts'
import { deliveredTable } from '../tables/delivered.ts'

/** From the first delivery to the write that remembers it: what a crash may repeat. *ours* */
const WRITE_DELAY_MS = 1_000
/** Deliveries after which it is written at once. *ours* */
const MAX_UNWRITTEN_DELIVERIES = 100

export interface DeliveredCursorComponents {
  readonly clock: Pick<Clock, 'schedule'>
  readonly store: Store
  readonly logger: Logger
}

export interface DeliveredCursorInit {
  readonly account: string
  /** The archive id up to which everything has reached a client; asked when it is written. */
  readonly position: () => string | undefined
}

/** Remembers on disk how far the messages of an account have reached its clients; many deliveries share a write. */
export class DeliveredCursor {
  readonly #components: DeliveredCursorComponents
  readonly #init: DeliveredCursorInit
  #unwritten = 0
  #timer: Timer | undefined
  #written: string | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(components: DeliveredCursorComponents, init: DeliveredCursorInit) {
    this.#components = components
    this.#init = init
  }

  /** What was written last, in this run of the program or another. */
  read(): string | undefined {
    this.#written = this.#components.store.read.get(deliveredTable, [this.#init.account])?.archive_id
    return this.#written
  }

  /** A message has reached a client. */
  delivered(): void {
    this.#unwritten += 1
    if (this.#unwritten >= MAX_UNWRITTEN_DELIVERIES) {
      this.#write()
    } else {
      this.#timer ??= this.#components.clock.schedule(WRITE_DELAY_MS, () => this.#write())
    }
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    this.#write()
    await this.#writing
  }

  #write(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#unwritten = 0
    const position = this.#init.position()
    if (position === undefined || position === this.#written) {
      return
    }
    this.#written = position
    const row = { account: this.#init.account, archive_id: position }
    this.#writing = this.#components.store
      .transaction((transaction) => transaction.put(deliveredTable, row))
      .catch((error: unknown) => this.#failed(error))
  }

  /** Nothing is lost: some messages come twice after the next start. */
  #failed(error: unknown): void {
    this.#written = undefined
    this.#components.logger.warn('delivered messages not remembered', {
      reason: error instanceof StoreError ? error.failure : String(error),
    })
  }
}
