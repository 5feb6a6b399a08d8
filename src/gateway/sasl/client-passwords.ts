import type { Clock } from '../../system/clock.ts'
import type { Random } from '../../system/random.ts'
import type { Store } from '../../system/store.ts'

/** A password of a client app, as its owner sees it. */
export interface ClientPassword {
  readonly name: string
  readonly createdMs: number
  /** Of the last login; undefined: never used. */
  readonly usedMs: number | undefined
  readonly expiresMs: number | undefined
}

/** Which password was revoked. */
export interface RevokedPassword {
  readonly account: string
  readonly name: string
}

export interface AddPasswordOptions {
  /** @default a random one of 130 bits, in groups that are easy to type */
  readonly password?: string
  /** Wall clock time at which it ends. @default never */
  readonly expiresMs?: number
}

/** Passwords of client apps. */
export class ClientPasswords {
  constructor(_components: { clock: Pick<Clock, 'wallMs'>; random: Random; store: Store }) {}

  /** Resolves with the password when it is on disk. @throws StanzaError `conflict`, `not-acceptable`, `resource-constraint` */
  add(_account: string, _name: string, _options: AddPasswordOptions = {}): Promise<string> {
    throw new Error('being written')
  }

  has(_account: string, _name: string): boolean {
    throw new Error('being written')
  }

  list(_account: string): readonly ClientPassword[] {
    throw new Error('being written')
  }

  /** False if there is none of that name. */
  revoke(_account: string, _name: string): Promise<boolean> {
    throw new Error('being written')
  }

  /** Told after it is on disk; until the returned function is called. */
  onRevoked(_listener: (revoked: RevokedPassword) => void): () => void {
    throw new Error('being written')
  }
}
