import type { Account } from '../../node/api.ts'
import type { Element } from '../../xml/element.ts'
import { withoutForeignClaims } from '../../xmpp/foreign-claims.ts'
import { Jid } from '../../xmpp/jid.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import { isStorable } from '../../xmpp/storable.ts'
import type { MessageRouter } from './message-router.ts'
import type { SessionRegistry } from './session-registry.ts'

export interface ClientMessagesComponents {
  readonly account: Account
  readonly own: Jid
  readonly registry: SessionRegistry
  readonly router: MessageRouter
}

/**
 * Takes a message of a client, `from` its full JID (RFC 6121 §8.1, §8.3). Resolves when it is on disk. What is stored
 * comes back as an event of the account, which makes the copies for other clients.
 *
 * @throws StanzaError that the client is to see
 */
export async function receiveClientMessage(components: ClientMessagesComponents, message: Element): Promise<void> {
  const { account, own, registry, router } = components
  const to = Jid.parse(message.attribute('to') ?? account.address)
  if (to.local === undefined && (to.domain === own.domain || to.domain.endsWith(`.${own.domain}`))) {
    // RFC 6121 §8.5.1: nobody reads what is written to the server itself.
    throw new StanzaError('service-unavailable')
  }
  const sent = account.send(message)
  if (!isStorable(message) && !registry.isOwn(to)) {
    await sent
    router.copySent(message, () => withoutForeignClaims(message, account.address))
  }
  await sent
}
