import type { Account } from '../../../node/api.ts'
import { pubsubError } from '../../../xmpp/extensions/pubsub.ts'
import type { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { PepNode } from './pep-store.ts'

/** Why somebody (bare JID) who is not the owner may not read a node (XEP-0060 §6.5.9); undefined: they may. */
export function accessError(account: Pick<Account, 'rosterItem'>, node: PepNode, jid: string): StanzaError | undefined {
  const { accessModel, rosterGroups } = node.config
  const item = accessModel === 'open' ? undefined : account.rosterItem(jid)
  switch (accessModel) {
    case 'open':
      return undefined
    case 'presence':
      return item?.subscription === 'from' || item?.subscription === 'both'
        ? undefined
        : pubsubError('not-authorized', 'presence-subscription-required')
    case 'roster':
      return item?.groups.some((group) => rosterGroups.includes(group))
        ? undefined
        : pubsubError('not-authorized', 'not-in-roster-group')
    case 'whitelist':
      return pubsubError('not-allowed', 'closed-node')
  }
}
