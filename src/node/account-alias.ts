import { publicKeyFromXid, XID_DOMAIN } from '../identity/xid.ts'
import { Jid } from '../xmpp/jid.ts'

/** What the owner of an account may type in place of its XID: the nickname, where that makes a localpart (RFC 7622 §3.3). */
export function aliasOf(nickname: string | undefined): string | undefined {
  const jid = Jid.tryParse(`${nickname?.toLowerCase() ?? ''}@${XID_DOMAIN}`)
  const isLocalpart = jid?.isBare === true && jid.domain === XID_DOMAIN
  // Nobody calls himself by somebody else's address.
  return isLocalpart && publicKeyFromXid(jid.toString()) === undefined ? jid.local : undefined
}
