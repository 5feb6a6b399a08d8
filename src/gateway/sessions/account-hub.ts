import type { AccountEvent } from '../../node/api.ts'
import { toHex } from '../../util/bytes.ts'
import type { Element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { BindRequest, BoundSession } from '../client-session.ts'
import type { Feature, FeatureContext } from '../features/feature.ts'
import { CarbonsFeature } from './carbons-feature.ts'
import { ClientPresence } from './client-presence.ts'
import { ClientQueries } from './client-queries.ts'
import { ClientRequests } from './client-requests.ts'
import { ClientStanzas } from './client-stanzas.ts'
import { Deliveries } from './deliveries.ts'
import { FeatureRequests } from './feature-requests.ts'
import { InboundStanzas } from './inbound-stanzas.ts'
import { MessageRouter } from './message-router.ts'
import { NetworkRequests } from './network-requests.ts'
import { RosterFeature } from './roster-feature.ts'
import { Session } from './session.ts'
import { sessionFeature } from './session-feature.ts'
import { SessionRegistry } from './session-registry.ts'

/** Sessions of one account at a time; a family on one account has fewer. *ours* */
const MAX_SESSIONS_PER_ACCOUNT = 1_024
/** Of a resource that the server chooses: nobody guesses it (RFC 6120 §7.6, §13.10.2). */
const RESOURCE_BYTES = 10

/** What the sessions of an account are made of. */
export type AccountHubComponents = Omit<FeatureContext, 'sessions' | 'features'>

/** The clients of one account: binds their resources and puts together all that concerns them. */
export class AccountHub {
  readonly #components: AccountHubComponents
  readonly #own: Jid
  readonly #registry: SessionRegistry
  readonly #features: readonly Feature[]
  readonly #roster: RosterFeature
  readonly #queries: ClientQueries
  readonly #deliveries: Deliveries
  readonly #inbound: InboundStanzas
  readonly #presence: ClientPresence
  readonly #requests: ClientRequests
  readonly #network: NetworkRequests
  readonly #router: MessageRouter
  #unsubscribe: (() => void) | undefined

  constructor(components: AccountHubComponents, makers: readonly ((context: FeatureContext) => Feature)[]) {
    const { account, random, logger } = components
    this.#components = components
    this.#own = Jid.parse(account.address)
    const own = this.#own
    const registry = new SessionRegistry(own)
    this.#registry = registry
    const queries = new ClientQueries(components, account.address)
    this.#queries = queries
    const router = new MessageRouter(account.address, registry)
    this.#router = router
    this.#roster = new RosterFeature({ account, random, registry })
    this.#features = [this.#roster, new CarbonsFeature(registry), sessionFeature, ...this.#make(makers)]
    const deliveries = new Deliveries({ ...components, registry, router })
    this.#deliveries = deliveries
    this.#inbound = new InboundStanzas({ account, registry, router, deliveries })
    const requests = new FeatureRequests(logger, this.#features)
    this.#presence = new ClientPresence({ account, own, registry, deliveries, features: this.#features })
    this.#requests = new ClientRequests({ ...components, own, registry, queries, features: requests })
    const isHere = (bareJid: string): boolean =>
      components.gateway.node.accounts.some(({ address }) => address === bareJid)
    this.#network = new NetworkRequests({ account, registry, queries, features: requests, isHere })
  }

  /** All that the account offers. */
  get features(): readonly Feature[] {
    return this.#features
  }

  /** Idempotent. */
  start(): void {
    if (this.#unsubscribe === undefined) {
      const { account } = this.#components
      this.#deliveries.start()
      this.#unsubscribe = account.subscribe((event) => this.#happened(event))
      account.answerQueries((iq) => this.#network.answer(iq))
    }
  }

  /** Ends what sessions are left and resolves when all that was delivered is remembered. Idempotent. */
  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#components.account.answerQueries(undefined)
    for (const session of this.#registry.all()) {
      this.#end(session)
      session.port.end(new StreamError('system-shutdown'))
    }
    await Promise.all(this.#features.map((feature) => feature.stop?.()))
    await this.#deliveries.stop()
  }

  /** RFC 6120 §7. @throws StanzaError `jid-malformed`, `resource-constraint` */
  bind(request: BindRequest): BoundSession {
    const resource = request.resource ?? toHex(this.#components.random.bytes(RESOURCE_BYTES))
    const jid = this.#own.withResource(resource)
    const previous = this.#registry.byResource(jid.resource ?? '')
    if (previous !== undefined) {
      // §7.7.2.2: the new one is more likely to be alive.
      this.#end(previous)
      previous.port.end(new StreamError('conflict'))
    }
    if (this.#registry.size >= MAX_SESSIONS_PER_ACCOUNT) {
      throw new StanzaError('resource-constraint', 'Too many clients are logged in.')
    }
    const session = new Session(jid, request.port)
    this.#registry.add(session)
    return this.#bound(session)
  }

  #bound(session: Session): BoundSession {
    const { account, logger } = this.#components
    const [own, registry, router] = [this.#own, this.#registry, this.#router]
    const [presence, requests] = [this.#presence, this.#requests]
    const stanzas = new ClientStanzas({ account, own, registry, router, presence, requests, logger }, session)
    return {
      jid: session.jid,
      receive: (stanza) => stanzas.receive(stanza),
      setCarbons: (enabled) => {
        session.hasCarbons = enabled
        if (!session.isOver) {
          registry.changed(session)
        }
      },
      setActive: (active) => session.setActive(active),
      detached: () => {},
      resumed: () => session.setActive(true), // XEP-0352 §5.2
      ended: () => this.#end(session),
    }
  }

  #end(session: Session): void {
    if (session.isOver) {
      return
    }
    // Gone first, so that nothing is routed to it while others are told.
    session.isOver = true
    this.#registry.remove(session)
    this.#presence.ended(session)
    this.#queries.ended(session)
    this.#requests.ended(session)
    for (const feature of this.#features) {
      feature.ended?.(session)
    }
  }

  #happened(event: AccountEvent): void {
    switch (event.type) {
      case 'message':
        this.#inbound.message(event)
        break
      case 'transient':
        this.#inbound.transient(event.message)
        break
      case 'presence':
        this.#inbound.presence(event.presence)
        if (this.#isOfContact(event.presence)) {
          for (const feature of this.#features) {
            feature.contactPresence?.(event.presence)
          }
        }
        break
      case 'subscription':
        this.#inbound.subscription(event.presence)
        break
      case 'roster':
        this.#inbound.requestChanged(event)
        this.#roster.changed(event)
        break
      case 'roster-removed':
        this.#inbound.requestGone(event.jid)
        this.#roster.changed(event)
        break
      case 'message-state':
        if (event.error !== undefined) {
          this.#inbound.failed(event.error)
        }
        break
      case 'blocked':
      case 'unblocked':
        break
    }
  }

  /** Not of a stranger who directed it to a client (RFC 6121 §4.6). Who is gone may be a contact no more. */
  #isOfContact(presence: Element): boolean {
    if (presence.attribute('type') !== undefined) {
      return true
    }
    const item = this.#components.account.rosterItem(presence.attribute('from') ?? '')
    return item?.subscription === 'to' || item?.subscription === 'both'
  }

  #make(makers: readonly ((context: FeatureContext) => Feature)[]): readonly Feature[] {
    const registry = this.#registry
    const context: FeatureContext = {
      ...this.#components,
      sessions: {
        all: () => registry.all(),
        byResource: (resource) => registry.byResource(resource),
        query: async (session, iq) => {
          const found = registry.byResource(session.jid.resource ?? '')
          if (found === undefined || found !== session) {
            throw new StanzaError('service-unavailable')
          }
          return await this.#queries.ask(found, iq)
        },
      },
      features: () => this.#features,
    }
    return makers.map((make) => make(context))
  }
}
