import type { PeerAddresses } from '../system/network.ts'
import type { Transaction } from '../system/store.ts'
import { type Element, element } from '../xml/element.ts'
import { withoutNodeClaims } from '../xmpp/foreign-claims.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import { isAsking, isPendingIn, type SubscriptionType, sendsPresenceTo } from '../xmpp/subscription-state.ts'
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
  /** The contact's stanza is for the user to see. */
  readonly told: (presence: Element) => void
}

/** What the user's own stanza does: it is sent as far as appendix A says. */
interface OwnStanza {
  readonly type: SubscriptionType
  /** What it says besides. @default nothing */
  readonly presence?: Element
}

/** The subscriptions of one account: what the user decides, what contacts ask and answer (RFC 6121 §3). */
export class Subscriptions {
  readonly #components: AccountComponents
  readonly #address: string
  readonly #roster: Roster
  readonly #presence: Presence
  readonly #changed: (entry: RosterEntry) => void
  readonly #told: (presence: Element) => void

  constructor(components: AccountComponents, init: SubscriptionsInit) {
    this.#components = components
    this.#address = init.address
    this.#roster = init.roster
    this.#presence = init.presence
    this.#changed = init.changed
    this.#told = init.told
  }

  /** Whether this presence stanza is for this part. */
  static isSubscription(type: string | undefined): type is SubscriptionType {
    return type !== undefined && SUBSCRIPTION_TYPES.has(type)
  }

  async add(contact: string, name: string | undefined, hints: readonly PeerAddresses[]): Promise<RosterEntry> {
    await this.#change(contact, (transaction) => {
      this.#roster.put(transaction, contact, name === undefined ? {} : { name })
      this.#roster.approve(transaction, contact)
      this.#roster.putHints(transaction, contact, hints)
      // Whoever adds somebody also approves of them: RFC 6121 §3.4, and a request that already waits.
      const isAsked = this.#roster.item(contact)?.pendingIn === true
      return isAsked ? [{ type: 'subscribed' }, { type: 'subscribe' }] : [{ type: 'subscribe' }]
    })
    return this.#item(contact)
  }

  async accept(contact: string): Promise<RosterEntry> {
    if (this.#roster.item(contact)?.pendingIn !== true) {
      throw new StanzaError('item-not-found', 'there is no request from this address')
    }
    await this.#change(contact, (transaction) => {
      this.#roster.approve(transaction, contact)
      return [{ type: 'subscribed' }, { type: 'subscribe' }]
    })
    return this.#item(contact)
  }

  /**
   * RFC 6121 §2.5.2: removing an item cancels both subscriptions, and tells the contact as far as there are any. Of the
   * roster's change the caller tells: one push, that the item is gone.
   */
  async remove(contact: string): Promise<void> {
    await this.#send(contact, () => {
      const state = this.#roster.state(contact)
      const seesThem = state.startsWith('to') || state === 'both' || isAsking(state)
      return [
        ...(seesThem ? [{ type: 'unsubscribe' } as const] : []),
        ...(sendsPresenceTo(state) || isPendingIn(state) ? [{ type: 'unsubscribed' } as const] : []),
      ]
    })
    await this.#components.store.transaction((transaction) => {
      this.#roster.remove(transaction, contact)
      this.#components.letterKeys.forget(transaction, this.#address, contact)
    })
  }

  /** A subscription stanza of the user's client; `subscribed` before anybody asked is an approval (RFC 6121 §3.4.1). */
  async send(contact: string, presence: Element, type: SubscriptionType): Promise<void> {
    await this.#change(contact, (transaction) => {
      const state = this.#roster.state(contact)
      if (type !== 'subscribed' || isPendingIn(state)) {
        return [{ type, presence }]
      }
      if (!sendsPresenceTo(state)) {
        this.#roster.approve(transaction, contact)
      }
      return []
    })
  }

  /** A subscription stanza from a contact's or stranger's node. */
  async receive(sender: string, presence: Element, type: SubscriptionType): Promise<void> {
    const id = receivedId(presence, sender)
    if (id === undefined) {
      throw new StanzaError('bad-request', 'the presence has no stanza-id of its sender')
    }
    const { store, handled, outbox } = this.#components
    const done = await store.transaction((transaction) => {
      if (!handled.isNew(transaction, this.#address, sender, id)) {
        return undefined
      }
      const change = this.#roster.inbound(transaction, sender, type, presence)
      return { change, row: change.reply && this.#queue(transaction, sender, { type: change.reply }) }
    })
    if (done === undefined) {
      return
    }
    if (done.row !== undefined) {
      outbox.added(done.row)
    }
    this.#received(sender, presence, type, done.change)
  }

  /** After it is on disk: the user hears of it, then contact and user see each other as they now may. */
  #received(sender: string, presence: Element, type: SubscriptionType, change: RosterChange): void {
    // RFC 6121 §3.1.6, §3.2.3, §3.3.3: the stanza first, then the push. A request is part of the item.
    if (change.pass && type !== 'subscribe') {
      this.#told(presence)
    }
    if (change.isChanged) {
      this.#changed(change.entry)
    }
    if (this.#roster.state(sender) !== 'none') {
      this.#components.routes.want(sender)
    }
    const { subscription } = change.entry
    if (subscription !== 'to' && subscription !== 'both') {
      this.#presence.gone(sender)
    }
    if (type === 'unsubscribe' && sawUs(change)) {
      this.#presence.sendUnavailable(sender) // RFC 6121 §3.3.3
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

  /** Own subscription stanzas, and the roster event if that changed the item. */
  async #change(contact: string, plan: (transaction: Transaction) => readonly OwnStanza[]): Promise<void> {
    const before = this.#roster.item(contact)
    const changed = await this.#send(contact, plan)
    const item = this.#roster.item(contact) ?? changed.at(-1)?.entry
    if (item !== undefined && !isSame(before, item)) {
      this.#changed(item)
    }
  }

  /** Own subscription stanzas: roster and outbox in one transaction, then the link. */
  async #send(contact: string, plan: (transaction: Transaction) => readonly OwnStanza[]): Promise<RosterChange[]> {
    const { store, outbox, routes } = this.#components
    const changed = await store.transaction((transaction) =>
      plan(transaction).map((own) => {
        const change = this.#roster.outbound(transaction, contact, own.type)
        return { type: own.type, change, row: change.pass ? this.#queue(transaction, contact, own) : undefined }
      }),
    )
    for (const { type, change, row } of changed) {
      if (row !== undefined) {
        outbox.added(row)
      }
      this.#sent(contact, type, change)
    }
    if (this.#roster.state(contact) !== 'none') {
      routes.want(contact)
    }
    return changed.map(({ change }) => change)
  }

  #queue(transaction: Transaction, contact: string, { type, presence }: OwnStanza): OutboxRow {
    const { clock, random, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const own = presence ?? element('presence', NS_CLIENT)
    const attributes = { from: this.#address, to: contact, type, id: own.attribute('id') ?? id }
    const stanza = identify(withoutNodeClaims(own).withAttributes(attributes), this.#address, id)
    const position = positions.next()
    const entry = { position, account: this.#address, recipient: contact, id, stanza }
    return outbox.add(transaction, { ...entry, ends: 'delivered' })
  }

  /** RFC 6121 §3.1.6: presence follows an approval; §3.2.2: its end is unavailable presence. */
  #sent(contact: string, type: SubscriptionType, change: RosterChange): void {
    if (type === 'subscribed') {
      this.#presence.sendTo(contact)
    } else if (type === 'unsubscribed' && sawUs(change)) {
      this.#presence.sendUnavailable(contact)
    } else if (type === 'unsubscribe') {
      this.#presence.gone(contact)
    }
  }
}

function sawUs({ before }: RosterChange): boolean {
  return before?.subscription === 'from' || before?.subscription === 'both'
}

function isSame(before: RosterEntry | undefined, after: RosterEntry): boolean {
  return JSON.stringify(before) === JSON.stringify(after)
}
