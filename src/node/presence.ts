import { type Element, element } from '../xml/element.ts'
import type { Jid } from '../xmpp/jid.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { presenceType } from '../xmpp/stanza.ts'
import { sendsPresenceTo } from '../xmpp/subscription-state.ts'
import type { Roster } from './roster.ts'

/** Available resources remembered per contact; further ones are not shown. *ours* */
const RESOURCES_MAX_PER_CONTACT = 16
/** Available resources of the user that contacts are told of; further ones are not. *ours* */
const OWN_RESOURCES_MAX = 64

export interface PresenceHandlers {
  /** Sends over the link to the contact if it is up; presence is never stored. */
  send(to: string, presence: Element): void
  /** Whether the contact is to see nothing of us (XEP-0191). */
  isBlocked(jid: string): boolean
  /** A contact became available, changed or became unavailable. */
  changed(presence: Element): void
}

/**
 * Presence of one account without a server (RFC 6121 §4): that of each resource goes to every contact with a
 * subscription when it changes and when a link comes up; a contact whose link stays down is unavailable.
 */
export class Presence {
  readonly #address: string
  readonly #roster: Roster
  readonly #handlers: PresenceHandlers
  readonly #available = new Map<string, Map<string, Element>>()
  readonly #own = new Map<string, Element>()

  constructor(init: { address: string; roster: Roster; handlers: PresenceHandlers }) {
    this.#address = init.address
    this.#roster = init.roster
    this.#handlers = init.handlers
  }

  /** The presence of an own resource; undefined or of type unavailable: it is gone. RFC 6121 §4.2, §4.4, §4.5 */
  set(resource: string, presence: Element | undefined): void {
    const from = `${this.#address}/${resource}`
    if (presence === undefined || presence.attribute('type') !== undefined) {
      if (this.#own.delete(resource)) {
        this.#broadcast(presence?.withAttributes({ from, type: 'unavailable' }) ?? unavailable(from))
      }
    } else if (this.#own.has(resource) || this.#own.size < OWN_RESOURCES_MAX) {
      const own = presence.withAttributes({ from })
      this.#own.set(resource, own)
      this.#broadcast(own)
    }
  }

  /** Sends the current presence of all resources to a contact that may see it. RFC 6121 §4.2.2, §4.3.2 */
  sendTo(jid: string): void {
    if (!this.#isSeenBy(jid)) {
      return
    }
    if (this.#own.size === 0) {
      this.#handlers.send(jid, unavailable(this.#address).withAttributes({ to: jid }))
    }
    for (const presence of this.#own.values()) {
      this.#handlers.send(jid, presence.withAttributes({ to: jid }))
    }
  }

  /** The same over a new link: what the contact knows from an earlier run of this node is over. */
  linkUp(jid: string): void {
    if (this.#isSeenBy(jid) && this.#own.size > 0) {
      this.#handlers.send(jid, unavailable(this.#address).withAttributes({ to: jid }))
    }
    this.sendTo(jid)
  }

  /** Tells a contact who may see us no longer that we are gone. RFC 6121 §3.2.2 */
  sendUnavailable(jid: string): void {
    for (const resource of this.#own.keys()) {
      this.#handlers.send(jid, unavailable(`${this.#address}/${resource}`).withAttributes({ to: jid }))
    }
  }

  /** Whether the presence of a contact is ours to see. */
  sees(from: Jid): boolean {
    return this.#sees(from.bare().toString())
  }

  /** Asks a contact for its presence. RFC 6121 §4.3.1 */
  probe(jid: string): void {
    if (this.#sees(jid)) {
      this.#handlers.send(jid, element('presence', NS_CLIENT, { from: this.#address, to: jid, type: 'probe' }))
    }
  }

  /** Presence that a contact's node sent; what we have not subscribed to is dropped. RFC 6121 §4.2.3 */
  received(from: Jid, presence: Element): void {
    const bare = from.bare().toString()
    if (!this.#sees(bare)) {
      return
    }
    const { resource } = from
    if (presenceType(presence) === 'unavailable') {
      this.#left(bare, resource, presence)
      return
    }
    const resources = this.#available.get(bare) ?? new Map<string, Element>()
    if (resources.has(resource ?? '') || resources.size < RESOURCES_MAX_PER_CONTACT) {
      resources.set(resource ?? '', presence)
      this.#available.set(bare, resources)
      this.#handlers.changed(presence)
    }
  }

  /** A contact cannot be seen any more, because its link or our subscription is gone: all resources are unavailable. */
  gone(jid: string): void {
    const resources = this.#available.get(jid)
    this.#available.delete(jid)
    for (const resource of resources?.keys() ?? []) {
      const from = resource === '' ? jid : `${jid}/${resource}`
      this.#handlers.changed(unavailable(from).withAttributes({ to: this.#address }))
    }
  }

  /** The available presences of a contact. */
  of(jid: string): readonly Element[] {
    return [...(this.#available.get(jid)?.values() ?? [])]
  }

  /** A bare JID speaks for all its resources (RFC 6121 §4.3.2.1). */
  #left(bare: string, resource: string | undefined, presence: Element): void {
    if (resource === undefined) {
      this.gone(bare)
      return
    }
    const resources = this.#available.get(bare)
    if (resources?.delete(resource)) {
      if (resources.size === 0) {
        this.#available.delete(bare)
      }
      this.#handlers.changed(presence)
    }
  }

  #broadcast(presence: Element): void {
    for (const jid of this.#roster.watchers()) {
      if (!this.#handlers.isBlocked(jid)) {
        this.#handlers.send(jid, presence.withAttributes({ to: jid }))
      }
    }
  }

  #isSeenBy(jid: string): boolean {
    return sendsPresenceTo(this.#roster.state(jid)) && !this.#handlers.isBlocked(jid)
  }

  #sees(jid: string): boolean {
    const state = this.#roster.state(jid)
    return state.startsWith('to') || state === 'both'
  }
}

function unavailable(from: string): Element {
  return element('presence', NS_CLIENT, { from, type: 'unavailable' })
}
