import type { Account } from '../../node/api.ts'
import type { Clock } from '../../system/clock.ts'
import type { Element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import type { FeatureTarget } from '../features/feature.ts'
import { queryOrProfile } from '../features/personal/offline-pep.ts'
import type { ClientQueries } from './client-queries.ts'
import type { FeatureRequests } from './feature-requests.ts'
import type { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

/** How long the network may take to answer a client's iq. *ours* */
const NETWORK_ANSWER_TIMEOUT_MS = 60_000
/** Iqs of one client that wait for the network; more are refused. *ours* */
const MAX_NETWORK_QUERIES_PER_SESSION = 64

export interface ClientRequestsComponents {
  readonly account: Account
  readonly clock: Clock
  readonly own: Jid
  readonly registry: SessionRegistry
  readonly queries: ClientQueries
  readonly features: FeatureRequests
}

/** Iqs of the account's clients: for the server, for each other, for the network (RFC 6121 §8.1 to §8.5). */
export class ClientRequests {
  readonly #components: ClientRequestsComponents
  /** Of the sessions whose iqs are out on the network. */
  readonly #open = new Map<Session, Set<AbortController>>()

  constructor(components: ClientRequestsComponents) {
    this.#components = components
  }

  /**
   * Takes an iq of a client, `from` its full JID. Resolves when what it asked of the server is done; what others are
   * asked goes on meanwhile.
   */
  async receive(session: Session, iq: Element): Promise<void> {
    const { features, queries, own } = this.#components
    const type = iq.attribute('type')
    if (type === 'result' || type === 'error') {
      queries.answered(session, iq)
      return
    }
    const to = Jid.parse(iq.attribute('to') ?? own.toString())
    const target = this.#serverTarget(to)
    if (target !== undefined) {
      session.deliver(await features.answer({ iq, target, from: session.jid, session }))
    } else if (to.local === undefined && isServerDomain(to.domain, own.domain)) {
      throw new StanzaError('service-unavailable')
    } else if (this.#components.registry.isOwn(to)) {
      this.#answerLater(session, iq, this.#askOwn(iq, to))
    } else {
      this.#answerLater(session, iq, this.#askNetwork(session, iq))
    }
  }

  /** The session is over: nobody waits for its answers. */
  ended(session: Session): void {
    for (const controller of this.#open.get(session) ?? []) {
      controller.abort(new StanzaError('recipient-unavailable'))
    }
    this.#open.delete(session)
  }

  /** RFC 6120 §8.1.1.1: without `to` the account is meant; the services of this node are below its domain. */
  #serverTarget(to: Jid): FeatureTarget | undefined {
    const { own } = this.#components
    if (to.resource !== undefined) {
      return undefined
    }
    if (to.equals(own)) {
      return 'account'
    }
    if (to.local !== undefined) {
      return undefined
    }
    return to.domain === own.domain ? 'server' : to.domain === `upload.${own.domain}` ? 'upload' : undefined
  }

  /** RFC 6121 §8.5.3: another client of the account. */
  async #askOwn(iq: Element, to: Jid): Promise<Element> {
    const { session } = this.#components.registry.find(to)
    if (session === undefined) {
      throw new StanzaError('service-unavailable')
    }
    return await this.#components.queries.ask(session, iq)
  }

  async #askNetwork(session: Session, iq: Element): Promise<Element> {
    const open = this.#open.get(session) ?? new Set<AbortController>()
    if (open.size >= MAX_NETWORK_QUERIES_PER_SESSION) {
      throw new StanzaError('resource-constraint', 'Too many requests wait for an answer.')
    }
    this.#open.set(session, open)
    const controller = new AbortController()
    open.add(controller)
    const timeout = new StanzaError('remote-server-timeout')
    const timer = this.#components.clock.schedule(NETWORK_ANSWER_TIMEOUT_MS, () => controller.abort(timeout))
    try {
      return await queryOrProfile(this.#components, iq, controller.signal)
    } finally {
      timer.cancel()
      open.delete(controller)
    }
  }

  #answerLater(session: Session, iq: Element, answer: Promise<Element>): void {
    const { to, id } = iq.attributes
    answer.then(
      (found) => session.deliver(found.withAttributes({ from: to, to: session.address, id })),
      (error: unknown) => {
        const reply = errorReply(iq, error instanceof StanzaError ? error : new StanzaError('remote-server-timeout'))
        if (reply !== undefined) {
          session.deliver(reply)
        }
      },
    )
  }
}

function isServerDomain(domain: string, own: string): boolean {
  return domain === own || domain.endsWith(`.${own}`)
}
