import type { Connection } from '@libp2p/interface'
import type { Clock, Timer } from '../../../system/clock.ts'
import { MAX_GRACE_CHECKS, RELAYED_GRACE_MS } from './punch-limits.ts'

/** Protocols of libp2p that come and go by themselves; a stream of another one is somebody's. */
const HOUSEKEEPING = ['/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']

/** Closes relayed connections once the peer has a direct one and nobody has used them for a while (DCUtR step 6). */
export class RelayedRetirement {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #hasDirect: (connection: Connection) => boolean
  /** As many as there are connections. */
  readonly #timers = new Map<Connection, Timer>()

  constructor(clock: Pick<Clock, 'schedule'>, hasDirect: (connection: Connection) => boolean) {
    this.#clock = clock
    this.#hasDirect = hasDirect
  }

  /** There is a direct connection beside this one. */
  retire(relayed: Connection): void {
    if (!this.#timers.has(relayed)) {
      this.#wait(relayed, 1)
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) {
      timer.cancel()
    }
    this.#timers.clear()
  }

  #wait(relayed: Connection, check: number): void {
    this.#timers.set(
      relayed,
      this.#clock.schedule(RELAYED_GRACE_MS, () => {
        this.#timers.delete(relayed)
        if (relayed.status !== 'open' || !this.#hasDirect(relayed)) {
          return
        }
        if (relayed.streams.every(({ protocol }) => HOUSEKEEPING.includes(protocol))) {
          relayed.close().catch((error: Error) => relayed.abort(error))
        } else if (check < MAX_GRACE_CHECKS) {
          this.#wait(relayed, check + 1)
        }
      }),
    )
  }
}
