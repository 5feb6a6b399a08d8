import { SaslError } from './sasl-error.ts'
import type { SaslContext } from './sasl-exchange.ts'

/**
 * Nobody may act for another account (RFC 6120 §6.3.8). To be called after the password was proved: before that, the
 * answer would tell which accounts there are.
 *
 * @throws SaslError `invalid-authzid`
 */
export function checkAuthzid(authzid: string, account: string, { users }: Pick<SaslContext, 'users'>): void {
  if (authzid !== '' && users.accountOfJid(authzid) !== account) {
    throw new SaslError('invalid-authzid')
  }
}
