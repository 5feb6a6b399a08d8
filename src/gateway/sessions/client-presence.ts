import type { Account } from '../../node/api.ts'
import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { NS_CLIENT } from '../../xmpp/namespaces.ts'
import { presenceType } from '../../xmpp/stanza.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { Feature } from '../features/feature.ts'
import type { Deliveries } from './deliveries.ts'
import { presencePriority } from './presence-priority.ts'
import type { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

export interface ClientPresenceComponents {
  readonly account: Account
  readonly own: Jid
  readonly registry: SessionRegistry
  readonly deliveries: Deliveries
  readonly features: readonly Feature[]
}

/** Presence of the account's clients: broadcast, directed, subscriptions and probes (RFC 6121 §3, §4). */
export class ClientPresence {
  readonly #components: ClientPresenceComponents

  constructor(components: ClientPresenceComponents) {
    this.#components = components
  }

  /**
   * Takes a presence of a client, `from` its full JID. Resolves when what must be kept is on disk.
   *
   * @throws StanzaError that the client is to see
   */
  async receive(session: Session, presence: Element): Promise<void> {
    const type = presenceType(presence)
    const to = presence.attribute('to')
    switch (type) {
      case 'subscribe':
      case 'subscribed':
      case 'unsubscribe':
      case 'unsubscribed':
        await this.#subscription(presence, to)
        break
      case 'probe':
        this.#probe(session, Jid.parse(to ?? this.#components.account.address))
        break
      case 'available':
      case 'unavailable':
        if (to !== undefined) {
          this.#directed(session, presence, Jid.parse(to))
        } else if (type === 'available') {
          this.#available(session, presence)
        } else {
          this.#unavailable(session, presence)
          for (const feature of this.#components.features) {
            feature.available?.(session)
          }
        }
        break
      case 'error':
        if (to !== undefined) {
          this.#pass(presence, Jid.parse(to))
        }
        break
      default:
        throw new StanzaError('bad-request', 'This type of presence does not exist.')
    }
  }

  /** The session is over: whoever saw it sees it go (§4.5.2, §4.6.3). */
  ended(session: Session): void {
    this.#unavailable(session, element('presence', NS_CLIENT, { from: session.address, type: 'unavailable' }))
  }

  /** §4.2 the first, §4.4 the others. */
  #available(session: Session, received: Element): void {
    const { account, registry, deliveries, features } = this.#components
    const priority = presencePriority(received)
    const presence = this.#outgoing(received)
    const isFirst = session.presence === undefined
    session.presence = presence
    session.priority = priority
    registry.changed(session)
    account.setPresence(session.resource, presence)
    this.#broadcast(presence) // §4.2.2: to itself too
    if (isFirst) {
      this.#showOthers(session)
    }
    for (const feature of features) {
      feature.available?.(session)
    }
    deliveries.resume()
  }

  #unavailable(session: Session, presence: Element): void {
    const { account, registry } = this.#components
    for (const jid of session.takeDirected()) {
      this.#goneFor(session, jid)
    }
    if (session.presence !== undefined) {
      session.presence = undefined
      registry.changed(session)
      account.setPresence(session.resource, presence)
      this.#broadcast(presence)
    }
  }

  /** What a resource that becomes available sees: other resources, contacts (§4.3.2), requests that wait (§3.1.3). */
  #showOthers(session: Session): void {
    const { account, registry } = this.#components
    for (const other of registry.available) {
      if (other !== session && other.presence !== undefined) {
        session.deliver(other.presence.withAttributes({ to: account.address }))
      }
    }
    for (const entry of account.roster()) {
      if (entry.subscription === 'to' || entry.subscription === 'both') {
        deliverAll(session, account.presencesOf(entry.jid))
      }
      if (entry.pendingIn && entry.request !== undefined) {
        session.deliver(entry.request)
      }
    }
  }

  /** §4.6: to one entity, which is told when it ends. */
  #directed(session: Session, received: Element, to: Jid): void {
    const isAvailable = presenceType(received) === 'available'
    const presence = isAvailable ? this.#outgoing(received) : received
    if (!session.directedTo(to.toString(), isAvailable)) {
      throw new StanzaError('resource-constraint', 'Presence was sent to too many.')
    }
    this.#pass(presence, to)
  }

  #pass(presence: Element, to: Jid): void {
    const { account, own, registry } = this.#components
    if (registry.isOwn(to)) {
      const { session } = registry.find(to)
      for (const target of to.isBare ? registry.available : session === undefined ? [] : [session]) {
        target.deliver(presence)
      }
    } else if (to.local !== undefined || !`.${to.domain}`.endsWith(`.${own.domain}`)) {
      // The server itself has no use for presence; clients send it to services all the same.
      account.sendPresence(presence)
    }
  }

  #goneFor(session: Session, jid: string): void {
    const to = Jid.parse(jid)
    const isSubscribed = ['from', 'both'].includes(this.#components.account.rosterItem(jid)?.subscription ?? 'none')
    // Who gets the broadcast is told by that.
    if (!isSubscribed || session.presence === undefined) {
      const unavailable = { from: session.address, to: jid, type: 'unavailable' }
      try {
        this.#pass(element('presence', NS_CLIENT, unavailable), to)
      } catch (error) {
        if (!(error instanceof StanzaError)) {
          throw error
        }
      }
    }
  }

  /** §3.1.2: in the name of the account, to an account. */
  async #subscription(presence: Element, to: string | undefined): Promise<void> {
    if (to === undefined) {
      throw new StanzaError('bad-request', 'A subscription is with somebody.')
    }
    const { account } = this.#components
    const addresses = { from: account.address, to: Jid.parse(to).bare().toString() }
    await account.sendSubscription(presence.withAttributes(addresses))
  }

  /** §4.3: the node probes by itself; a client that asks is told what is known. */
  #probe(session: Session, to: Jid): void {
    const { account, registry } = this.#components
    if (registry.isOwn(to)) {
      deliverAll(session, Array.from(registry.available, (other) => other.presence).filter(isKnown))
    } else if (['to', 'both'].includes(account.rosterItem(to.bare().toString())?.subscription ?? 'none')) {
      deliverAll(session, account.presencesOf(to.bare().toString()))
    }
  }

  #outgoing(presence: Element): Element {
    let changed = presence
    for (const feature of this.#components.features) {
      changed = feature.outgoingPresence?.(changed) ?? changed
    }
    return changed
  }

  #broadcast(presence: Element): void {
    const { account, registry } = this.#components
    const addressed = presence.withAttributes({ to: account.address })
    for (const session of registry.available) {
      session.deliver(addressed)
    }
  }
}

function deliverAll(session: Session, presences: readonly Element[]): void {
  for (const presence of presences) {
    session.deliver(presence)
  }
}

function isKnown(presence: Element | undefined): presence is Element {
  return presence !== undefined
}
