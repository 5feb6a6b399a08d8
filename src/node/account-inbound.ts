import type { Element } from '../xml/element.ts'
import { withoutForeignClaims } from '../xmpp/foreign-claims.ts'
import { Jid } from '../xmpp/jid.ts'
import { messageType, presenceType } from '../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../xmpp/stanza-error.ts'
import { isStorable } from '../xmpp/storable.ts'
import type { SubscriptionType } from '../xmpp/subscription-state.ts'
import type { AccountComponents } from './account-components.ts'
import type { AccountControls } from './account-controls.ts'
import type { AccountEvent } from './api.ts'
import type { Blocklist } from './blocklist.ts'
import { receivedId, receivedStampMs } from './message.ts'
import type { Presence } from './presence.ts'
import type { Queries } from './queries.ts'
import type { Roster } from './roster.ts'
import { Subscriptions } from './subscriptions.ts'

/** Last message correction (XEP-0308). */
const NS_REPLACE = 'urn:xmpp:message-correct:0'

export interface AccountInboundInit {
  readonly address: string
  readonly roster: Roster
  readonly presence: Presence
  readonly subscriptions: Subscriptions
  readonly queries: Queries
  readonly controls: AccountControls
  readonly blocklist: Blocklist
  readonly emit: (event: AccountEvent) => void
}

/** What nodes of others send to one account: who is blocked is refused, what only our own server may say is stripped. */
export class AccountInbound {
  readonly #components: AccountComponents
  readonly #init: AccountInboundInit
  /** The last subscription stanza of a sender, while it is being stored. No more than are under way from peers. */
  readonly #storing = new Map<string, Promise<void>>()

  constructor(components: AccountComponents, init: AccountInboundInit) {
    this.#components = components
    this.#init = init
  }

  /**
   * A message from a peer's node. Resolves when it needs no repetition.
   *
   * @throws StanzaError that the sender is to see; StoreError
   */
  async message(from: Jid, stanza: Element): Promise<void> {
    const sender = from.bare().toString()
    if (messageType(stanza) === 'error') {
      await this.#error(from, stanza)
      return
    }
    if (await this.#init.controls.receive(sender, stanza)) {
      return
    }
    if (this.#init.blocklist.has(from)) {
      throw new StanzaError('service-unavailable') // XEP-0191 §3.2
    }
    this.#limitStrangers(sender)
    const message = this.#withoutReplacing(withoutForeignClaims(stanza, this.#init.address))
    if (isStorable(message)) {
      await this.#keep(sender, message)
    } else {
      this.#init.emit({ type: 'transient', message })
    }
  }

  /** A presence stanza from a peer's node. Errors as for messages. */
  async presence(from: Jid, stanza: Element): Promise<void> {
    const { address, blocklist, presence } = this.#init
    if (blocklist.has(from)) {
      return // XEP-0191 §3.2
    }
    const sender = from.bare().toString()
    const stripped = withoutForeignClaims(stanza, address)
    const type = presenceType(stripped)
    if (type === 'available' || type === 'unavailable') {
      // RFC 6121 §3.1.6: presence comes after the approval that allows it, which has to be stored first.
      await this.#storing.get(sender)?.catch(() => {})
      this.#available(from, stripped)
    } else if (type === 'probe') {
      presence.sendTo(sender) // RFC 6121 §4.3.2
    } else if (Subscriptions.isSubscription(type)) {
      await this.#subscription(sender, stripped, type)
    }
  }

  /** An iq from a peer's node; what is to go back, if anything. Never rejects. */
  async query(from: Jid, iq: Element): Promise<Element | undefined> {
    if (this.#init.blocklist.has(from)) {
      return errorReply(iq, new StanzaError('service-unavailable')) // XEP-0191 §3.2
    }
    return await this.#init.queries.receive(iq)
  }

  async #subscription(sender: string, stanza: Element, type: SubscriptionType): Promise<void> {
    const stored = this.#init.subscriptions.receive(sender, stanza, type)
    this.#storing.set(sender, stored)
    try {
      await stored
    } finally {
      if (this.#storing.get(sender) === stored) {
        this.#storing.delete(sender)
      }
    }
  }

  /** Presence of contacts; that of others only if they know the resource and direct it there (RFC 6121 §4.6, §8.5.3.1). */
  #available(from: Jid, stanza: Element): void {
    const { presence, emit } = this.#init
    if (presence.sees(from)) {
      presence.received(from, stanza)
    } else if (Jid.tryParse(stanza.attribute('to') ?? '')?.resource !== undefined) {
      this.#limitStrangers(from.bare().toString())
      emit({ type: 'presence', presence: stanza })
    }
  }

  async #keep(sender: string, message: Element): Promise<void> {
    const { archive, clock, positions, store } = this.#components
    const { address, emit } = this.#init
    const id = receivedId(message, sender)
    if (id === undefined) {
      throw new StanzaError('bad-request', 'the message has no stanza-id of its sender')
    }
    const stampMs = receivedStampMs(message, sender, clock.wallMs())
    const position = positions.next()
    const entry = { account: address, id, peer: sender, direction: 'in', stampMs, state: 'received' } as const
    const archived = await store.transaction((transaction) =>
      archive.addReceived(transaction, { ...entry, position, stanza: message }),
    )
    if (archived !== undefined) {
      emit({ type: 'message', message: archived })
    }
  }

  /** The end of a message of ours; one that names none is shown to whom it is addressed, as nobody keeps it. */
  async #error(from: Jid, stanza: Element): Promise<void> {
    const { archive, store } = this.#components
    const { address, blocklist, emit } = this.#init
    const peer = from.bare().toString()
    const error = withoutForeignClaims(stanza, address)
    const id = await store.transaction((transaction) => archive.fail(transaction, address, peer, error))
    if (id !== undefined) {
      emit({ type: 'message-state', id, peer, state: 'failed', error })
    } else if (!blocklist.has(from)) {
      this.#limitStrangers(peer)
      emit({ type: 'transient', message: error })
    }
  }

  /** Who only has asked for a subscription is a stranger still. @throws StanzaError policy-violation */
  #limitStrangers(sender: string): void {
    const isKnown = this.#init.roster.item(sender)?.isListed === true
    if (!isKnown && !this.#components.strangers.take(sender)) {
      throw new StanzaError('policy-violation', 'too many messages from somebody who is no contact')
    }
  }

  /** XEP-0308 §5: only its sender corrects a message, so a correction of one of ours is none (X16). */
  #withoutReplacing(message: Element): Element {
    const id = message.child('replace', NS_REPLACE)?.attribute('id')
    return id !== undefined && this.#components.archive.hasSent(this.#init.address, id)
      ? message.without((child) => child.name === 'replace' && child.namespace === NS_REPLACE)
      : message
  }
}
