import type { Account, AccountEvent } from '../../node/api.ts'
import type { Element } from '../../xml/element.ts'
import { withoutForeignClaims } from '../../xmpp/foreign-claims.ts'
import { Jid } from '../../xmpp/jid.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import { archivedForClient } from './client-message.ts'
import type { Deliveries } from './deliveries.ts'
import type { MessageRouter } from './message-router.ts'
import { routedStanza, routeOf } from './routing-table.ts'
import type { SessionRegistry } from './session-registry.ts'

export interface InboundStanzasComponents {
  readonly account: Account
  readonly registry: SessionRegistry
  readonly router: MessageRouter
  readonly deliveries: Deliveries
}

/** Messages and presence that the account has: from the network, and from one of its clients for the others. */
export class InboundStanzas {
  readonly #components: InboundStanzasComponents
  /** JIDs whose subscription request clients were shown; no more than the roster holds. */
  readonly #requests = new Set<string>()

  constructor(components: InboundStanzasComponents) {
    this.#components = components
  }

  message({ message }: Extract<AccountEvent, { type: 'message' }>): void {
    if (message.direction === 'in') {
      this.#components.deliveries.received(message)
      return
    }
    const { router, registry, account } = this.#components
    if (registry.withCarbons.size > 0) {
      router.copySent(message.stanza, () => archivedForClient(message, account.address, { isDelayed: false }))
    }
  }

  /** A message that nobody keeps: now or never. */
  transient(stanza: Element): void {
    const { account, router } = this.#components
    const plan = router.plan(stanza, { isArchived: false })
    if (plan.route === 'refuse') {
      this.#refuse(stanza)
      return
    }
    router.deliver(plan, withoutForeignClaims(stanza, account.address))
  }

  /** A message of ours has failed: its sender learns why, or whoever is there in its place. */
  failed(error: Element): void {
    const { registry } = this.#components
    const to = Jid.tryParse(error.attribute('to') ?? '')
    const session = to === undefined ? undefined : registry.find(to).session
    for (const target of session === undefined ? registry.nonNegative : [session]) {
      target.deliver(error)
    }
  }

  /** Presence of a contact (RFC 6121 §4.2.3, §4.4.3, §4.5.4). */
  presence(stanza: Element): void {
    const { account, registry } = this.#components
    const to = Jid.tryParse(stanza.attribute('to') ?? account.address)
    const from = Jid.tryParse(stanza.attribute('from') ?? '')
    if (to === undefined || from === undefined || registry.isOwn(from)) {
      return
    }
    const { address, session } = registry.find(to)
    const route = routeOf(routedStanza(stanza), address, registry.resources)
    const presence = withoutForeignClaims(stanza, account.address)
    for (const target of registry.targets(route, session)) {
      target.deliver(presence)
    }
  }

  /** Their subscription stanza (RFC 6121 §3.1.6, §3.2.3, §3.3.3): to the resources that know the roster. */
  subscription(stanza: Element): void {
    const { registry, account } = this.#components
    const presence = withoutForeignClaims(stanza, account.address)
    for (const session of registry.available) {
      session.deliver(presence)
    }
    for (const session of registry.interested) {
      if (session.presence === undefined) {
        session.deliver(presence)
      }
    }
  }

  /** A request that waits for an answer is shown once when it comes (§3.1.3), and at every login. */
  requestChanged({ entry }: Extract<AccountEvent, { type: 'roster' }>): void {
    if (!entry.pendingIn || entry.request === undefined) {
      this.#requests.delete(entry.jid)
      return
    }
    if (!this.#requests.has(entry.jid)) {
      this.#requests.add(entry.jid)
      for (const session of this.#components.registry.available) {
        session.deliver(entry.request)
      }
    }
  }

  /** The item is gone, and the request with it. */
  requestGone(jid: string): void {
    this.#requests.delete(jid)
  }

  /** RFC 6121 §8.5.2.1.1: groupchat for somebody who is no room. */
  #refuse(stanza: Element): void {
    const reply = errorReply(stanza, new StanzaError('service-unavailable'))
    if (reply !== undefined && stanza.attribute('from') !== undefined) {
      // Nobody waits for it, and errors are not stored.
      this.#components.account.send(reply).catch(() => {})
    }
  }
}
