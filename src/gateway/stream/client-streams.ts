import type { ClientConnection } from '../../system/client-connection.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import type { Store } from '../../system/store.ts'
import type { StreamHost } from '../client-session.ts'
import type { ClientPasswords } from '../sasl/client-passwords.ts'

/** What client streams are made of. */
export interface ClientStreamsComponents {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly logger: Logger
}

/** What client streams serve. */
export interface ClientStreamsInit {
  readonly host: StreamHost
  readonly passwords: ClientPasswords
}

/** The streams of all XMPP clients of this node. */
export class ClientStreams {
  constructor(_components: ClientStreamsComponents, _init: ClientStreamsInit) {}

  /** Takes over a connection that has just come in. */
  accept(_connection: ClientConnection): void {
    throw new Error('being written')
  }

  /** Ends every stream with `system-shutdown` and resolves when all connections are closed. Idempotent. */
  stop(): Promise<void> {
    throw new Error('being written')
  }
}
