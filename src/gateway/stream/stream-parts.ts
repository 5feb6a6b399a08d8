import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import type { StreamHost } from '../client-session.ts'
import type { ClientPasswords } from '../sasl/client-passwords.ts'
import type { UserNames } from '../sasl/user-names.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { StreamSession } from './stream-session.ts'
import type { StreamSessions } from './stream-sessions.ts'

/** What all client streams share. */
export interface StreamParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly host: StreamHost
  readonly passwords: ClientPasswords
  readonly users: UserNames
  readonly throttle: LoginThrottle
  readonly sessions: StreamSessions<StreamSession>
}
