import type { Element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import type { DeliveryOutcome } from '../client-session.ts'
import { carbonCopy, isCarbonEligible } from './carbons.ts'
import { type Route, routedStanza, routeOf } from './routing-table.ts'
import type { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Where a message goes now. */
export interface MessagePlan {
  readonly route: Route
  /** Sessions that get the message itself (RFC 6121 §8.5). */
  readonly originals: readonly Session[]
  /** Sessions that get a copy (XEP-0280 §7). */
  readonly copies: readonly Session[]
}

/** Brings messages to the sessions of an account: by the routing table, then carbon copies. */
export class MessageRouter {
  readonly #account: string
  readonly #registry: SessionRegistry

  constructor(account: string, registry: SessionRegistry) {
    this.#account = account
    this.#registry = registry
  }

  /** Where a message to this account goes; what is archived waits where the table would drop it. */
  plan(message: Element, { isArchived }: { isArchived: boolean }): MessagePlan {
    const to = Jid.tryParse(message.attribute('to') ?? this.#account)
    const { address, session } = to === undefined ? NOBODY : this.#registry.find(to)
    const { resources } = this.#registry
    const asked = routeOf(routedStanza(message), address, resources)
    const route = isArchived && (asked === 'ignore' || asked === 'refuse') ? keptRoute(resources) : asked
    const originals = [...this.#registry.targets(route, session)]
    if (originals.length === 0 || this.#registry.withCarbons.size === 0 || !isCarbonEligible(message)) {
      return { route, originals, copies: [] }
    }
    const from = message.attribute('from')
    // A client that writes to another one of its account knows what it has written.
    const copies = [...this.#registry.withCarbons].filter(
      (other) => !originals.includes(other) && other.address !== from,
    )
    return { route, originals, copies }
  }

  /** Delivers what was planned; how many deliveries `settled` will be told of. */
  deliver(
    plan: Pick<MessagePlan, 'originals' | 'copies'>,
    stanza: Element,
    settled?: (outcome: DeliveryOutcome) => void,
  ): number {
    for (const session of plan.originals) {
      session.deliver(stanza, settled)
    }
    for (const session of plan.copies) {
      const copy = { direction: 'received', account: this.#account, to: session.address } as const
      session.deliver(carbonCopy(stanza, copy), settled)
    }
    return plan.originals.length + plan.copies.length
  }

  /** Shows a message that one client has sent to the others, as `forClients` makes it (XEP-0280 §8). */
  copySent(stanza: Element, forClients: () => Element): void {
    const { withCarbons } = this.#registry
    if (withCarbons.size === 0 || !isCarbonEligible(stanza)) {
      return
    }
    const from = stanza.attribute('from')
    const shown = forClients()
    for (const session of withCarbons) {
      if (session.address !== from) {
        session.deliver(carbonCopy(shown, { direction: 'sent', account: this.#account, to: session.address }))
      }
    }
  }
}

const NOBODY = { address: 'full, not bound', session: undefined } as const

function keptRoute(resources: SessionRegistry['resources']): Route {
  return routeOf('message normal', 'bare', resources)
}
