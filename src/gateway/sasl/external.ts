import { SaslError } from './sasl-error.ts'
import type { SaslContext, SaslExchange, SaslStep } from './sasl-exchange.ts'
import { decodeSaslText } from './sasl-text.ts'

/**
 * The server's side of EXTERNAL (RFC 4422 appendix A) on the Unix socket of the home: the file system has told who is
 * there. The authorization identity picks one of the owner's accounts, an empty one the first.
 */
export class ExternalExchange implements SaslExchange {
  userName = ''
  readonly #context: SaslContext

  constructor(context: SaslContext) {
    this.#context = context
  }

  respond(message: Uint8Array): SaslStep {
    const authzid = decodeSaslText(message)
    const { users } = this.#context
    const account = authzid === '' ? users.owner() : users.account(authzid)
    if (account === undefined) {
      throw new SaslError('invalid-authzid')
    }
    return { type: 'success', login: { account, passwordName: undefined }, data: undefined }
  }
}
