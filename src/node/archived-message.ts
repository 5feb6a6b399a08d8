import type { Row } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { isStanzaIdBy } from '../xmpp/extensions/stanza-id.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import type { ArchivedMessage } from './api.ts'
import type { archiveTable } from './tables/archive.ts'

export type ArchiveRow = Row<typeof archiveTable>

/**
 * A row of the archive as clients may see it: without the `<stanza-id/>` in the name of the account, which between nodes
 * is the node's id and to the account's own clients would be that of the archive (XEP-0359 §3.1).
 */
export function toArchivedMessage(row: ArchiveRow, stored: Element = parseElement(row.stanza)): ArchivedMessage {
  const isForeign = (child: Element): boolean => isStanzaIdBy(child, row.account)
  const stanza = stored.elements().some(isForeign) ? stored.without(isForeign) : stored
  return {
    archiveId: String(row.position),
    id: row.id,
    peer: row.peer,
    direction: row.direction as ArchivedMessage['direction'],
    from: stanza.attribute('from') ?? '',
    to: stanza.attribute('to') ?? '',
    body: stanza.child('body', NS_CLIENT)?.text() ?? '',
    stampMs: row.stamp_ms,
    state: row.state as ArchivedMessage['state'],
    stanza,
  }
}
