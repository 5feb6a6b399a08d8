import { publicKeyFromXid, XID_DOMAIN } from '../identity/xid.ts'
import type { Jid } from '../xmpp/jid.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'

/**
 * Refuses what no node can ever take, instead of keeping it for days: addresses of other domains and those that are no XID.
 *
 * @throws StanzaError `remote-server-not-found` (RFC 6120 §8.3.3.16), `service-unavailable` (RFC 6121 §8.5.1)
 */
export function checkAddressable(jid: Jid): void {
  if (jid.domain !== XID_DOMAIN) {
    throw new StanzaError('remote-server-not-found', `there is no way to other domains than ${XID_DOMAIN}`)
  }
  if (publicKeyFromXid(jid.bare().toString()) === undefined) {
    throw new StanzaError('service-unavailable', 'nobody has this address')
  }
}
