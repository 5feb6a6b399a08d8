import { checkAuthzid } from './authzid.ts'
import { SaslError } from './sasl-error.ts'
import type { SaslContext, SaslExchange, SaslStep } from './sasl-exchange.ts'
import { decodeSaslText } from './sasl-text.ts'
import { saslPrep } from './saslprep.ts'

/** RFC 4616 §2: three times 255 octets are what a server must take, and two separators. */
const MAX_MESSAGE_BYTES = 3 * 255 + 2

/** The server's side of PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`. */
export class PlainExchange implements SaslExchange {
  userName = ''
  readonly #context: SaslContext

  constructor(context: SaslContext) {
    this.#context = context
  }

  respond(message: Uint8Array): SaslStep {
    const parts = message.length > MAX_MESSAGE_BYTES ? [] : decodeSaslText(message).split('\0')
    const [authzid = '', authcid = '', password = ''] = parts
    const userName = saslPrep(authcid)
    if (parts.length !== 3 || userName === undefined || userName === '' || password === '') {
      throw new SaslError('malformed-request', 'not three parts')
    }
    const { users, passwords } = this.#context
    const account = users.account(userName)
    this.userName = account ?? userName
    const name = passwords.findByPassword(account, password)
    if (account === undefined || name === undefined) {
      throw new SaslError('not-authorized')
    }
    checkAuthzid(authzid, account, this.#context)
    return { type: 'success', login: { account, passwordName: name }, data: undefined }
  }
}
