import { assert } from '../util/assert.ts'
import { type Element, element } from '../xml/element.ts'
import type { Jid } from '../xmpp/jid.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { presenceType } from '../xmpp/stanza.ts'
import { sendsPresenceTo } from '../xmpp/subscription-state.ts'
import type { Roster } from './roster.ts'

/** Available resources remembered per contact; further ones are not shown. *ours* */
const RESOURCES_MAX_PER_CONTACT = 16

export interface PresenceHandlers {
  /** Sends over the link to the contact if it is up; presence is never stored. */
  send(to: string, presence: Element): void
  /** A contact became available, changed or became unavailable. */
  changed(presence: Element): void
}

/**
 * Presence of one account without a server (RFC 6121 §4): its own goes to every contact with a subscription when it
 * changes and when a link comes up; a contact whose link stays down is unavailable.
 */
export class Presence {
  readonly #address: string
  readonly #resource: string
  readonly #roster: Roster
  readonly #handlers: PresenceHandlers
  readonly #available = new Map<string, Map<string, Element>>()
  #own: Element | undefined

  constructor(init: { address: string; resource: string; roster: Roster; handlers: PresenceHandlers }) {
    this.#address = init.address
    this.#resource = init.resource
    this.#roster = init.roster
    this.#handlers = init.handlers
  }

  /** The user's presence; undefined is unavailable. RFC 6121 §4.2, §4.4, §4.5 */
  set(presence: Element | undefined): void {
    assert(presence === undefined || presenceType(presence) === 'available', 'own presence is available presence')
    if (this.#own === undefined && presence === undefined) {
      return
    }
    this.#own = presence?.withAttributes({ from: `${this.#address}/${this.#resource}` })
    for (const item of this.#roster.items()) {
      this.sendTo(item.jid)
    }
  }

  /** Sends the current presence to a contact that may see it. RFC 6121 §4.2.2 */
  sendTo(jid: string): void {
    if (sendsPresenceTo(this.#roster.state(jid))) {
      this.#handlers.send(jid, this.#current(jid))
    }
  }

  /** Tells a contact who loses the subscription that we are gone. RFC 6121 §3.2.2 */
  sendUnavailable(jid: string): void {
    if (this.#own !== undefined) {
      this.#handlers.send(jid, this.#unavailable(jid))
    }
  }

  /** Answers a probe from a contact that may see us. RFC 6121 §4.3.2 */
  probed(jid: string): void {
    this.sendTo(jid)
  }

  /** Presence that a contact's node sent; what we have not subscribed to is dropped. RFC 6121 §4.2.3 */
  received(from: Jid, presence: Element): void {
    const bare = from.bare().toString()
    const state = this.#roster.state(bare)
    if (!(state.startsWith('to') || state === 'both')) {
      return
    }
    const resources = this.#available.get(bare) ?? new Map<string, Element>()
    const resource = from.resource ?? ''
    if (presenceType(presence) === 'unavailable') {
      if (!resources.delete(resource)) {
        return
      }
    } else if (resources.has(resource) || resources.size < RESOURCES_MAX_PER_CONTACT) {
      resources.set(resource, presence)
    } else {
      return
    }
    this.#keep(bare, resources)
    this.#handlers.changed(presence)
  }

  /** A contact cannot be seen any more, because its link or our subscription is gone: all resources are unavailable. */
  gone(jid: string): void {
    const resources = this.#available.get(jid)
    this.#available.delete(jid)
    for (const resource of resources?.keys() ?? []) {
      const from = resource === '' ? jid : `${jid}/${resource}`
      this.#handlers.changed(element('presence', NS_CLIENT, { from, to: this.#address, type: 'unavailable' }))
    }
  }

  /** The available presences of a contact. */
  of(jid: string): readonly Element[] {
    return [...(this.#available.get(jid)?.values() ?? [])]
  }

  #current(to: string): Element {
    return this.#own === undefined ? this.#unavailable(to) : this.#own.withAttributes({ to })
  }

  #unavailable(to: string): Element {
    const from = `${this.#address}/${this.#resource}`
    return element('presence', NS_CLIENT, { from, to, type: 'unavailable' })
  }

  #keep(bare: string, resources: Map<string, Element>): void {
    if (resources.size === 0) {
      this.#available.delete(bare)
    } else {
      this.#available.set(bare, resources)
    }
  }
}
