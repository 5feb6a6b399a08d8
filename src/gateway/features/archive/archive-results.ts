import type { ArchivedMessage } from '../../../node/api.ts'
import { stampToText } from '../../../util/date-time.ts'
import { type Element, element } from '../../../xml/element.ts'
import { NS_CLIENT, NS_DELAY, NS_FORWARD } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { ClientPort, ClientSession } from '../../client-session.ts'
import { archivedForClient } from '../../sessions/client-message.ts'
import type { FeatureContext } from '../feature.ts'
import { NS_ARCHIVE } from './archive-query.ts'

/** From one look at a full queue to the next. *ours* */
const FULL_PORT_WAIT_MS = 50
/** Looks at a full queue, 30 s in all: a client that takes nothing for so long does not want the rest. *ours* */
const MAX_FULL_PORT_WAITS = 600

/** Who gets a page of the archive. */
export interface ArchivePageTarget extends Pick<FeatureContext, 'account' | 'clock'> {
  readonly session: ClientSession
  readonly queryId: string | undefined
}

/**
 * Sends messages of the archive to a client (XEP-0313 §4.2), as fast as it takes them.
 *
 * @throws StanzaError `resource-constraint` if it does not
 */
export async function sendArchiveResults(
  target: ArchivePageTarget,
  messages: readonly ArchivedMessage[],
): Promise<void> {
  const { port } = target.session
  for (const message of messages) {
    await roomInPort(target, port)
    port.deliver(resultMessage(target, message))
  }
}

async function roomInPort({ clock }: ArchivePageTarget, port: ClientPort): Promise<void> {
  for (let waits = 0; port.isFull; waits++) {
    if (waits === MAX_FULL_PORT_WAITS) {
      throw new StanzaError('resource-constraint', 'The messages sent before were not read.')
    }
    await clock.sleep(FULL_PORT_WAIT_MS)
  }
}

function resultMessage({ account, session, queryId }: ArchivePageTarget, archived: ArchivedMessage): Element {
  const { archiveId } = archived
  const delay = element('delay', NS_DELAY, { stamp: stampToText(archived.stampMs) })
  const forwarded = element('forwarded', NS_FORWARD, {}, [
    delay,
    archivedForClient(archived, account.address, { isDelayed: false }),
  ])
  const result = element('result', NS_ARCHIVE, { queryid: queryId, id: archiveId }, [forwarded])
  const addresses = { from: account.address, to: session.jid.toString() }
  return element('message', NS_CLIENT, addresses, [result])
}
