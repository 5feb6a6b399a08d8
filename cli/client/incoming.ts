import { type Availability, availabilityOf, type Element } from '../../src/client.ts'
import { type ArchivedView, archivedView, withStates } from './archive.ts'
import type { NodeClient } from './node-client.ts'

const NS_STANZA_ID = 'urn:xmpp:sid:0'
const NS_DELAY = 'urn:xmpp:delay'

/** What happens in conversations. */
export type IncomingEvent =
  | { readonly event: 'message'; readonly peer: string; readonly message: ArchivedView }
  | { readonly event: 'presence'; readonly peer: string; readonly presence: Availability }

/**
 * Tells what an available session receives: messages with text in their order, and how contacts are there. Messages of
 * the archive up to `after` were shown before; offline delivery (XEP-0160) may bring them again.
 */
export function incomingEvents(
  client: NodeClient,
  after: string | undefined,
  tell: (event: IncomingEvent) => void,
): void {
  /** Presence by resource (RFC 6121 §4.7.2), by contact. Bounded by the roster and the node's own limits. */
  const presences = new Map<string, Map<string, Element>>()
  let told = Promise.resolve()
  client.onStanza((stanza) => {
    const [peer = ''] = (stanza.attribute('from') ?? client.address).split('/', 1)
    if (stanza.name === 'message') {
      const message = readMessage(client.address, stanza)
      if (message !== undefined && !isKnown(message, after)) {
        // One after the other: asking for its id must not change the order.
        told = told.then(async () => {
          const [view = message] = await withStates(client, [message])
          tell({ event: 'message', peer, message: view })
        })
        told = told.catch(() => {})
      }
    } else if (stanza.name === 'presence' && keepPresence(presences, peer, stanza)) {
      const presence = availabilityOf(presences.get(peer)?.values() ?? [])
      told = told.then(() => tell({ event: 'presence', peer, presence }))
    }
  })
}

/** A message with text that is in the archive; undefined for chat states, errors and the like. */
function readMessage(account: string, stanza: Element): ArchivedView | undefined {
  const archiveId = stanza
    .elements('stanza-id', NS_STANZA_ID)
    .find((id) => id.attribute('by') === account)
    ?.attribute('id')
  if (archiveId === undefined || stanza.attribute('type') === 'error' || (stanza.child('body')?.text() ?? '') === '') {
    return undefined
  }
  const stamp = stanza.child('delay', NS_DELAY)?.attribute('stamp')
  return archivedView(account, archiveId, stanza, stamp === undefined ? new Date() : new Date(stamp))
}

/** Archive ids are decimal and grow. */
function isKnown({ archiveId }: ArchivedView, after: string | undefined): boolean {
  const isDecimal = /^\d+$/
  return after !== undefined && isDecimal.test(archiveId) && isDecimal.test(after) && BigInt(archiveId) <= BigInt(after)
}

/** True if it says how a resource is there. */
function keepPresence(presences: Map<string, Map<string, Element>>, peer: string, stanza: Element): boolean {
  const type = stanza.attribute('type')
  if (type !== undefined && type !== 'unavailable') {
    return false
  }
  const resources = presences.get(peer) ?? new Map<string, Element>()
  presences.set(peer, resources)
  const from = stanza.attribute('from') ?? peer
  if (type === undefined) {
    resources.set(from, stanza)
  } else if (from === peer) {
    resources.clear()
  } else {
    resources.delete(from)
  }
  return true
}
