import type { ClientConnection } from '../../system/client-connection.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { StreamHost } from '../client-session.ts'
import type { ClientPasswords, RevokedPassword } from '../sasl/client-passwords.ts'
import { UserNames } from '../sasl/user-names.ts'
import { ClientStream } from './client-stream.ts'
import { LoginThrottle } from './login-throttle.ts'
import type { StreamParts } from './stream-parts.ts'
import { StreamSessions } from './stream-sessions.ts'

/** Connections without a bound session, each up to 10 KB and 30 s; the oldest gives way, as who logs in does it at once. */
const MAX_UNBOUND_STREAMS = 2_000

/** What client streams are made of. */
export interface ClientStreamsComponents {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What client streams serve. */
export interface ClientStreamsInit {
  readonly host: StreamHost
  readonly passwords: ClientPasswords
}

/** The streams of all XMPP clients of this node: each connection becomes an authenticated session of an account. */
export class ClientStreams {
  readonly #parts: StreamParts
  readonly #streams = new Set<ClientStream>()
  /** In the order of their coming. */
  readonly #unbound = new Set<ClientStream>()
  readonly #stopListening: () => void
  #whenClosed: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor({ clock, random, logger }: ClientStreamsComponents, { host, passwords }: ClientStreamsInit) {
    this.#parts = {
      clock,
      random,
      logger: logger.child('stream'),
      host,
      passwords,
      users: new UserNames(host),
      throttle: new LoginThrottle(clock),
      sessions: new StreamSessions(clock),
    }
    this.#stopListening = passwords.onRevoked((revoked) => this.#revoked(revoked))
  }

  /** Takes over a connection that has just come in. */
  accept(connection: ClientConnection): void {
    if (this.#stopping !== undefined) {
      connection.destroy()
      return
    }
    const stream = new ClientStream(connection, this.#parts, {
      onBound: () => this.#unbound.delete(stream),
      onClosed: () => this.#closed(stream),
    })
    this.#streams.add(stream)
    this.#unbound.add(stream)
    stream.start()
    for (const oldest of this.#unbound) {
      if (this.#unbound.size <= MAX_UNBOUND_STREAMS) {
        break
      }
      this.#unbound.delete(oldest)
      oldest.fail(new StreamError('resource-constraint'))
    }
  }

  /** Ends every stream with `system-shutdown` and resolves when all connections are closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  async #stop(): Promise<void> {
    this.#stopListening()
    const closed = new Promise<void>((resolve) => {
      this.#whenClosed = resolve
    })
    for (const stream of [...this.#streams]) {
      stream.fail(new StreamError('system-shutdown'))
    }
    this.#parts.sessions.finishDetached()
    if (this.#streams.size > 0) {
      await closed
    }
    this.#parts.sessions.finishDetached()
  }

  /** Whoever logged in with that password and has no session yet is ended as well. */
  #revoked(revoked: RevokedPassword): void {
    this.#parts.sessions.revoke(revoked)
    for (const stream of [...this.#unbound]) {
      if (stream.login?.account === revoked.account && stream.login.passwordName === revoked.name) {
        stream.fail(new StreamError('not-authorized', 'The password of this client was revoked.'))
      }
    }
  }

  #closed(stream: ClientStream): void {
    this.#streams.delete(stream)
    this.#unbound.delete(stream)
    if (this.#streams.size === 0) {
      this.#whenClosed?.()
    }
  }
}
