import type { TlsSecurity } from '../../system/client-connection.ts'
import type { Random } from '../../system/random.ts'
import type { ClientPasswords } from './client-passwords.ts'
import type { UserNames } from './user-names.ts'

/** Who has proved to be whom. */
export interface Login {
  /** Bare JID. */
  readonly account: string
  /** Undefined for the owner, who needs none. */
  readonly passwordName: string | undefined
}

/** What the server says next: a challenge, or the outcome with what is to be verified by the client. */
export type SaslStep =
  | { readonly type: 'challenge'; readonly data: Uint8Array }
  | { readonly type: 'success'; readonly login: Login; readonly data: Uint8Array | undefined }

/** The server's side of one exchange of a SASL mechanism (RFC 4422 §3). */
export interface SaslExchange {
  /** Who wants to log in, as far as that was said; empty before. */
  readonly userName: string
  /** Takes the client's next message. @throws SaslError */
  respond(message: Uint8Array): SaslStep
}

/** What was offered to the client, and what an exchange needs. */
export interface SaslContext {
  readonly passwords: ClientPasswords
  readonly users: UserNames
  readonly random: Pick<Random, 'bytes'>
  readonly tls: TlsSecurity | undefined
  /** Names in the order of the offer. */
  readonly mechanisms: readonly string[]
}
