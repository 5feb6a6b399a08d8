import type { Account } from '../../node/api.ts'
import type { Element } from '../../xml/element.ts'
import { isOwnerQuery } from '../../xmpp/foreign-claims.ts'
import { Jid } from '../../xmpp/jid.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import type { ClientQueries } from './client-queries.ts'
import type { FeatureRequests } from './feature-requests.ts'
import { routeOf } from './routing-table.ts'
import type { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

export interface NetworkRequestsComponents {
  readonly account: Pick<Account, 'rosterItem'>
  readonly registry: SessionRegistry
  readonly queries: ClientQueries
  readonly features: FeatureRequests
  /** Whether a bare JID is an account of this node too. */
  readonly isHere: (bareJid: string) => boolean
}

/** Iqs that others send over the network: for a client of the account, or for the account itself (RFC 6121 §8.5). */
export class NetworkRequests {
  readonly #components: NetworkRequestsComponents

  constructor(components: NetworkRequestsComponents) {
    this.#components = components
  }

  /** Answers with an iq result or error; never rejects. */
  async answer(iq: Element): Promise<Element> {
    try {
      return await this.#answer(iq)
    } catch (error) {
      const seen = error instanceof StanzaError ? error : new StanzaError('internal-server-error')
      return errorReply(iq, seen) ?? iq
    }
  }

  async #answer(iq: Element): Promise<Element> {
    const { registry, queries, features } = this.#components
    const [from, to] = [Jid.parse(iq.attribute('from') ?? ''), Jid.parse(iq.attribute('to') ?? '')]
    // X13; the node has asked this too.
    if (!registry.isOwn(to) || registry.isOwn(from) || isOwnerQuery(iq)) {
      throw new StanzaError('service-unavailable')
    }
    const { address, session } = registry.find(to)
    const route = routeOf('iq get or set', address, registry.resources)
    if (route === 'account') {
      return await features.answer({ iq, target: 'account', from, session: undefined })
    }
    // RFC 6121 §8.5.3.1, §11: who may not see presence cannot tell this resource from one that does not exist.
    if (session === undefined || !this.#maySee(from, session)) {
      throw new StanzaError('service-unavailable')
    }
    return await queries.ask(session, iq)
  }

  #maySee(from: Jid, session: Session): boolean {
    const bare = from.bare().toString()
    // Accounts of one node are in the same hands: between them §8.5.3.1 holds as it stands.
    if (this.#components.isHere(bare) || session.directed.has(bare) || session.directed.has(from.toString())) {
      return true
    }
    const subscription = this.#components.account.rosterItem(bare)?.subscription
    return session.presence !== undefined && (subscription === 'from' || subscription === 'both')
  }
}
