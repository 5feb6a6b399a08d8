import type { Account, RosterEntry } from '../../../node/api.ts'
import type { Random } from '../../../system/random.ts'
import { BoundedMap } from '../../../util/bounded-map.ts'
import { toHex } from '../../../util/bytes.ts'
import { type Element, element } from '../../../xml/element.ts'
import { readCaps } from '../../../xmpp/caps.ts'
import { itemElement, NS_PUBSUB_EVENT } from '../../../xmpp/extensions/pubsub.ts'
import { Jid } from '../../../xmpp/jid.ts'
import { NS_CLIENT } from '../../../xmpp/namespaces.ts'
import { presenceType } from '../../../xmpp/stanza.ts'
import type { ClientSession } from '../../client-session.ts'
import type { AccountSessions } from '../feature.ts'
import type { AskCapabilities, Capabilities } from './capabilities.ts'
import type { Pep, PepChange } from './pep.ts'
import { accessError } from './pep-access.ts'
import type { PepItem, PepNode } from './pep-store.ts'

/** Resources of contacts and own ones whose wishes are known; the one that was heard of first gives way. *ours* */
const NOTIFIED_MAX_RESOURCES = 4_096
const ID_BYTES = 8
/** With this behind it a node's name is a feature (XEP-0060 §9.2). */
const NOTIFY = '+notify'

/** An available client, own or a contact's. */
interface Resource {
  readonly jid: Jid
  /** Undefined: a contact's. */
  readonly session: ClientSession | undefined
  /** The caps it showed last, as text. */
  readonly caps: string
  /** Its features as far as they are known. */
  features: ReadonlySet<string>
  /** Whether the contact had a subscription to our presence when it was told of the last items. */
  sawPresence: boolean
}

/** What the notifier needs. */
export interface PepNotifierComponents {
  readonly pep: Pep
  readonly account: Pick<Account, 'address' | 'rosterItem' | 'send' | 'query'>
  readonly sessions: Pick<AccountSessions, 'query'>
  readonly capabilities: Capabilities
  readonly random: Pick<Random, 'bytes'>
}

/** Tells own and contacts' clients that ask for it (`+notify`, XEP-0060 §9.2) what is in the nodes (XEP-0163 §4.3). */
export class PepNotifier {
  readonly #parts: PepNotifierComponents
  readonly #resources = new BoundedMap<string, Resource>({ maxEntries: NOTIFIED_MAX_RESOURCES })

  constructor(parts: PepNotifierComponents) {
    this.#parts = parts
  }

  /** Presence of an own session. Resolves when it has been told of the last items, if it wants them. */
  async session(session: ClientSession): Promise<void> {
    const ask: AskCapabilities = (query) => this.#parts.sessions.query(session, this.#iq(session.jid.toString(), query))
    const { presence } = session
    if (presence === undefined) {
      this.#resources.delete(session.jid.toString())
    } else {
      await this.#presence(session.jid, presence, session, ask)
    }
  }

  ended(session: ClientSession): void {
    this.#resources.delete(session.jid.toString())
  }

  /** Presence of a contact's resource. */
  async contact(presence: Element): Promise<void> {
    const jid = Jid.tryParse(presence.attribute('from') ?? '')
    const type = presenceType(presence)
    if (jid === undefined) {
      return
    }
    if (type === 'unavailable') {
      this.#forget(jid)
    } else if (type === 'available' && !jid.isBare) {
      const ask: AskCapabilities = (query, signal) => this.#parts.account.query(this.#iq(jid.toString(), query), signal)
      await this.#presence(jid, presence, undefined, ask)
    }
  }

  /** A roster item has changed or is gone (`none`): who has just got a subscription is told of what it may see now (XEP-0163 §4.3.3). */
  rosterChanged(entry: Pick<RosterEntry, 'jid' | 'subscription'>): void {
    const seesPresence = entry.subscription === 'from' || entry.subscription === 'both'
    for (const resource of this.#resources.values()) {
      if (resource.session === undefined && resource.jid.bare().toString() === entry.jid) {
        if (seesPresence && !resource.sawPresence) {
          this.#sendLastItems(resource, (node) => node.config.accessModel !== 'open')
        }
        resource.sawPresence = seesPresence
      }
    }
  }

  /** Tells everybody who may know and wants to. */
  changed(change: PepChange): void {
    const event = eventOf(change)
    if (event !== undefined) {
      for (const resource of this.#resources.values()) {
        if (this.#wants(resource, change.node)) {
          this.#send(resource, event)
        }
      }
    }
  }

  async #presence(
    jid: Jid,
    presence: Element,
    session: ClientSession | undefined,
    ask: AskCapabilities,
  ): Promise<void> {
    const key = jid.toString()
    const before = this.#resources.get(key)
    const caps = readCaps(presence)
    const text = caps === undefined ? '' : `${caps.hash} ${caps.node}#${caps.ver}`
    // XEP-0163 §4.3.2: later presence with nothing new in it is no reason to send anything.
    if (caps === undefined || before?.caps === text) {
      return
    }
    const subscription = this.#parts.account.rosterItem(jid.bare().toString())?.subscription
    const sawPresence = subscription === 'from' || subscription === 'both'
    const known = before?.features ?? new Set<string>()
    const resource: Resource = { jid, session, caps: text, features: known, sawPresence }
    this.#resources.set(key, resource)
    const features = await this.#parts.capabilities.features(caps, ask)
    if (this.#resources.get(key) !== resource) {
      return
    }
    if (features === undefined) {
      // Asked again with its next presence.
      this.#resources.set(key, { ...resource, caps: '' })
      return
    }
    resource.features = features
    this.#sendLastItems(resource, ({ name }) => !known.has(name + NOTIFY))
  }

  #sendLastItems(resource: Resource, isDue: (node: PepNode) => boolean): void {
    const { pep } = this.#parts
    for (const feature of resource.features) {
      const node = feature.endsWith(NOTIFY) ? pep.node(feature.slice(0, -NOTIFY.length)) : undefined
      if (node?.config.sendLast === 'on_sub_and_presence' && isDue(node) && this.#wants(resource, node)) {
        const [item] = pep.items(node.name, { items: 1 })
        const event = item === undefined ? undefined : itemEvent(node, item)
        if (event !== undefined) {
          this.#send(resource, event)
        }
      }
    }
  }

  #wants({ jid, session, features }: Resource, node: PepNode): boolean {
    const isAllowed =
      session !== undefined || accessError(this.#parts.account, node, jid.bare().toString()) === undefined
    return features.has(node.name + NOTIFY) && isAllowed
  }

  /** XEP-0163 §4.3.1: from the bare JID. Headlines are not kept for those who are away. */
  #send({ jid, session }: Resource, event: Element): void {
    const id = toHex(this.#parts.random.bytes(ID_BYTES))
    const attributes = { type: 'headline', from: this.#parts.account.address, to: jid.toString(), id }
    const message = element('message', NS_CLIENT, attributes, [element('event', NS_PUBSUB_EVENT, undefined, [event])])
    if (session === undefined) {
      // Refused when the contact is blocked or not reachable any more: XEP-0163 §4.3.2 wants no more than an attempt.
      this.#parts.account.send(message).catch(() => undefined)
    } else {
      session.port.deliver(message)
    }
  }

  #forget(jid: Jid): void {
    const { length } = `${jid}`
    for (const key of [...this.#resources.keys()]) {
      if (key === jid.toString() || (jid.isBare && key.startsWith(`${jid}/`) && key.length > length)) {
        this.#resources.delete(key)
      }
    }
  }

  #iq(to: string, query: Element): Element {
    const id = toHex(this.#parts.random.bytes(ID_BYTES))
    return element('iq', NS_CLIENT, { type: 'get', from: this.#parts.account.address, to, id }, [query])
  }
}

/** The child of `<event/>` for a change (XEP-0060 §7.1.2, §7.2.2, §8.2.5, §8.4.2, §8.5.2); undefined: nobody is told. */
function eventOf(change: PepChange): Element | undefined {
  const { name, config } = change.node
  switch (change.type) {
    case 'published':
      return itemEvent(change.node, change.item)
    case 'retracted':
      return change.notify || config.notifyRetract
        ? element('items', NS_PUBSUB_EVENT, { node: name }, [element('retract', NS_PUBSUB_EVENT, { id: change.id })])
        : undefined
    case 'purged':
      return config.notifyRetract ? element('purge', NS_PUBSUB_EVENT, { node: name }) : undefined
    case 'deleted':
      return config.notifyDelete ? element('delete', NS_PUBSUB_EVENT, { node: name }) : undefined
    case 'configured':
      return config.notifyConfig ? element('configuration', NS_PUBSUB_EVENT, { node: name }) : undefined
  }
}

function itemEvent({ name, config }: PepNode, { id, payload }: Omit<PepItem, 'bytes'>): Element | undefined {
  if (!config.deliverNotifications) {
    return undefined
  }
  const item = itemElement(NS_PUBSUB_EVENT, id, config.deliverPayloads ? payload : undefined)
  return element('items', NS_PUBSUB_EVENT, { node: name }, [item])
}
