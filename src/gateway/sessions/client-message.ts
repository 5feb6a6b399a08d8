import type { ArchivedMessage } from '../../node/api.ts'
import type { Element } from '../../xml/element.ts'
import { delayElement } from '../../xmpp/extensions/delay.ts'
import { stanzaIdElement } from '../../xmpp/extensions/stanza-id.ts'
import { withoutForeignClaims } from '../../xmpp/foreign-claims.ts'

/**
 * A message of the archive as clients of the account get it: with its id in the archive (XEP-0359 §3.1) and, if it had
 * to wait, since when (XEP-0203, XEP-0160 §3); what others say in the name of the server is removed (security X14, X16).
 */
export function archivedForClient(message: ArchivedMessage, account: string, options: { isDelayed: boolean }): Element {
  const stanzaId = stanzaIdElement({ by: account, id: message.archiveId })
  const delay = options.isDelayed ? [delayElement({ stampMs: message.stampMs, from: account })] : []
  return withoutForeignClaims(message.stanza, account).append(stanzaId, ...delay)
}
