import { Jid } from '../../xmpp/jid.ts'
import { prepareLocalpart } from '../../xmpp/jid-parts.ts'
import type { StreamHost } from '../client-session.ts'

/** The domain for which every node answers (XEP-0516). */
export const SERVER_DOMAIN = 'id.internal'

/** Finds out which account is meant by what people and clients write. */
export class UserNames {
  readonly #host: Pick<StreamHost, 'findAccount' | 'ownerAccount'>

  constructor(host: Pick<StreamHost, 'findAccount' | 'ownerAccount'>) {
    this.#host = host
  }

  /** By a SASL user name: a localpart, or the bare JID that many people type. Undefined: no such account. */
  account(userName: string): string | undefined {
    if (userName.includes('@')) {
      return this.accountOfJid(userName)
    }
    const localpart = userName.isWellFormed() ? prepareLocalpart(userName) : undefined
    return localpart === undefined ? undefined : this.#host.findAccount(localpart)
  }

  /** Whom the owner means who names nobody. */
  owner(): string | undefined {
    return this.#host.ownerAccount
  }

  /** By a bare JID in this domain, written with the XID or the alias. */
  accountOfJid(text: string): string | undefined {
    const jid = Jid.tryParse(text)
    const isOurs = jid?.domain === SERVER_DOMAIN && jid.isBare && jid.local !== undefined
    return isOurs ? this.#host.findAccount(jid.local as string) : undefined
  }
}
