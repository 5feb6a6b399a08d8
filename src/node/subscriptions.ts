import type { PeerAddresses } from '../system/network.ts'
import type { Transaction } from '../system/store.ts'
import { type Element, element } from '../xml/element.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import type { SubscriptionType } from '../xmpp/subscription-state.ts'
import type { AccountComponents } from './account-components.ts'
import type { RosterEntry } from './api.ts'
import { identify, newStanzaId, receivedId } from './message.ts'
import type { OutboxRow } from './outbox.ts'
import type { Presence } from './presence.ts'
import type { Roster, RosterChange } from './roster.ts'

/** Subscription types of a presence stanza (RFC 6121 §4.7.1). */
const SUBSCRIPTION_TYPES: ReadonlySet<string> = new Set(['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'])

export interface SubscriptionsInit {
  readonly address: string
  readonly roster: Roster
  readonly presence: Presence
  readonly changed: (entry: RosterEntry) => void
}

/** The subscriptions of one account: what the user decides, what contacts ask and answer (RFC 6121 §3). */
export class Subscriptions {
  readonly #components: AccountComponents
  readonly #address: string
  readonly #roster: Roster
  readonly #presence: Presence
  readonly #changed: (entry: RosterEntry) => void

  constructor(components: AccountComponents, init: SubscriptionsInit) {
    this.#components = components
    this.#address = init.address
    this.#roster = init.roster
    this.#presence = init.presence
    this.#changed = init.changed
  }

  /** Whether this presence stanza is for this part. */
  static isSubscription(type: string | undefined): type is SubscriptionType {
    return type !== undefined && SUBSCRIPTION_TYPES.has(type)
  }

  async add(contact: string, name: string | undefined, hints: readonly PeerAddresses[]): Promise<RosterEntry> {
    await this.#change(contact, (transaction) => {
      this.#roster.put(transaction, contact, name)
      this.#roster.putHints(transaction, contact, hints)
      // Whoever adds somebody also approves of them: RFC 6121 §3.4, and a request that already waits.
      return this.#roster.item(contact)?.pendingIn === true ? ['subscribed', 'subscribe'] : ['subscribe']
    })
    return this.#item(contact)
  }

  async accept(contact: string): Promise<RosterEntry> {
    if (this.#roster.item(contact)?.pendingIn !== true) {
      throw new StanzaError('item-not-found', 'there is no request from this address')
    }
    await this.#change(contact, (transaction) => {
      this.#roster.put(transaction, contact, undefined)
      return ['subscribed', 'subscribe']
    })
    return this.#item(contact)
  }

  /** RFC 6121 §2.5.2: removing an item cancels both subscriptions. */
  async remove(contact: string): Promise<void> {
    await this.#change(contact, () => ['unsubscribe', 'unsubscribed'])
    await this.#components.store.transaction((transaction) => {
      this.#roster.remove(transaction, contact)
      this.#components.letterKeys.forget(transaction, this.#address, contact)
    })
  }

  /** A subscription stanza from a contact's or stranger's node. */
  async receive(sender: string, presence: Element, type: SubscriptionType): Promise<void> {
    const id = receivedId(presence, sender)
    if (id === undefined) {
      throw new StanzaError('bad-request', 'the presence has no stanza-id of its sender')
    }
    const { store, handled, outbox, routes } = this.#components
    const done = await store.transaction((transaction) => {
      if (!handled.isNew(transaction, this.#address, sender, id)) {
        return undefined
      }
      const change = this.#roster.inbound(transaction, sender, type)
      return { change, row: change.reply && this.#queue(transaction, sender, change.reply) }
    })
    if (done === undefined) {
      return
    }
    if (done.row !== undefined) {
      outbox.added(done.row)
    }
    if (done.change.before !== undefined || done.change.pass || done.change.reply === 'subscribed') {
      this.#changed(done.change.entry)
    }
    if (this.#roster.item(sender) !== undefined) {
      routes.want(sender)
    }
    if (done.change.entry.subscription !== 'to' && done.change.entry.subscription !== 'both') {
      this.#presence.gone(sender)
    }
    this.#presence.sendTo(sender)
  }

  #item(contact: string): RosterEntry {
    const item = this.#roster.item(contact)
    if (item === undefined) {
      throw new StanzaError('item-not-found', 'the contact was removed meanwhile')
    }
    return item
  }

  /** Own subscription stanzas: roster and outbox in one transaction, then the link and the roster event. */
  async #change(contact: string, plan: (transaction: Transaction) => readonly SubscriptionType[]): Promise<void> {
    const { store, outbox, routes } = this.#components
    const changed = await store.transaction((transaction) =>
      plan(transaction).map((type) => {
        const change = this.#roster.outbound(transaction, contact, type)
        return { type, change, row: change.pass ? this.#queue(transaction, contact, type) : undefined }
      }),
    )
    for (const { type, change, row } of changed) {
      if (row !== undefined) {
        outbox.added(row)
      }
      this.#sent(contact, type, change)
    }
    routes.want(contact)
    this.#changed(this.#item(contact))
  }

  #queue(transaction: Transaction, contact: string, type: SubscriptionType): OutboxRow {
    const { clock, random, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const presence = element('presence', NS_CLIENT, { from: this.#address, to: contact, type, id })
    const stanza = identify(presence, this.#address, id)
    const position = positions.next()
    const entry = { position, account: this.#address, recipient: contact, id, stanza }
    return outbox.add(transaction, { ...entry, ends: 'delivered' })
  }

  /** RFC 6121 §3.1.6: presence follows an approval; §3.2.2: its end is unavailable presence. */
  #sent(contact: string, type: SubscriptionType, change: RosterChange): void {
    const saw = change.before?.subscription === 'from' || change.before?.subscription === 'both'
    if (type === 'subscribed') {
      this.#presence.sendTo(contact)
    } else if (type === 'unsubscribed' && saw) {
      this.#presence.sendUnavailable(contact)
    }
  }
}
