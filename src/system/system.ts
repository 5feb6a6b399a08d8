import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Store } from './store.ts'

/** Everything a node takes from outside: the operating system provides it in production, a simulated world in tests. */
export interface System {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly store: Store
  readonly logger: Logger
}
