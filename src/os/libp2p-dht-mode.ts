import type { KadDHT } from '@libp2p/kad-dht'
import type { Logger } from '../system/logger.ts'
import type { Reachability } from '../system/network.ts'

/** A server answers lookups and is found by them; `auto` follows what is known of the node's reachability. */
export type DhtMode = 'auto' | 'server' | 'client'

/** What the role of a node in the DHT follows. */
export interface DhtSituation {
  readonly listens: boolean
  readonly reachability: Reachability
  /** The reachability will be known soon: somebody on the Internet is being asked. */
  readonly isBeingFoundOut: boolean
}

/**
 * What a node in `mode` is now. Until it is known to be private a node that listens serves: LANs and small networks need it.
 * Only while it is being found out it waits, or others would ask most newcomers in vain.
 */
export function dhtRole(mode: DhtMode, { listens, reachability, isBeingFoundOut }: DhtSituation): 'server' | 'client' {
  if (mode !== 'auto') {
    return mode
  }
  const serves = reachability === 'public' || (reachability === 'unknown' && !isBeingFoundOut)
  return listens && serves ? 'server' : 'client'
}

/** Lets a DHT be what it shall be, one change after the other; the last one wins. */
export class DhtSwitch {
  readonly #dht: Pick<KadDHT, 'setMode'>
  readonly #logger: Logger
  #wanted: 'server' | 'client'
  #changing: Promise<void> = Promise.resolve()

  constructor(dht: Pick<KadDHT, 'setMode'>, is: 'server' | 'client', logger: Logger) {
    this.#dht = dht
    this.#logger = logger
    this.#wanted = is
  }

  /** Idempotent. Peers learn it by identify push, and forget a client as an entry of their routing tables. */
  set(role: 'server' | 'client'): void {
    if (role === this.#wanted) {
      return
    }
    this.#wanted = role
    this.#changing = this.#changing.then(async () => {
      try {
        await this.#dht.setMode(this.#wanted)
        this.#logger.info('the DHT mode follows the reachability', { mode: this.#wanted })
      } catch (error) {
        this.#logger.error('the DHT mode could not be changed', { error: String(error) })
      }
    })
  }

  /** Waits for a change that is under way. */
  async settled(): Promise<void> {
    await this.#changing
  }
}
