import type { Transaction } from '../system/store.ts'
import { type Element, element } from '../xml/element.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import type { AccountComponents } from './account-components.ts'
import { acknowledgedIds, NS_DELIVERED } from './acknowledgements.ts'
import { NS_KEYS } from './letter-keys.ts'
import { identify, newStanzaId } from './message.ts'
import type { OutboxRow } from './outbox.ts'
import type { Roster } from './roster.ts'

/** What the node itself says in the name of one account to the nodes of others, and they to it: no user sees it. */
export class AccountControls {
  readonly #components: AccountComponents
  readonly #address: string
  readonly #roster: Roster

  constructor(components: AccountComponents, init: { readonly address: string; readonly roster: Roster }) {
    this.#components = components
    this.#address = init.address
    this.#roster = init.roster
  }

  /** Hands a contact what it needs to seal letters for this account, if it is time to. */
  async handKeys(contact: string): Promise<void> {
    const { store, letterKeys, logger } = this.#components
    if (!this.#trusts(contact)) {
      return
    }
    try {
      const row = await store.transaction((transaction) => {
        const keys = letterKeys.keysFor(transaction, this.#address, contact)
        return keys && this.#queue(transaction, contact, this.#control(contact, keys))
      })
      if (row !== undefined) {
        this.#components.outbox.added(row)
      }
    } catch (error) {
      logger.warn('keys not handed over', { reason: String(error) })
    }
  }

  /** Queues what this node itself has to say to the nodes of another account. */
  async send(to: string, payload: Element): Promise<void> {
    await this.sendStanza(to, this.#control(to, payload))
  }

  /** Queues a stanza of which nothing is kept here: it has done its duty when enough custodians have it. */
  async sendStanza(to: string, stanza: Element): Promise<void> {
    const row = await this.#components.store.transaction((transaction) => this.#queue(transaction, to, stanza))
    this.#components.outbox.added(row)
  }

  /** What nodes say to each other in messages; true if it was that. */
  async receive(sender: string, stanza: Element): Promise<boolean> {
    const delivered = stanza.child('delivered', NS_DELIVERED)
    const keys = stanza.child('keys', NS_KEYS)
    if (delivered !== undefined) {
      this.#components.outbox.acknowledged(this.#address, sender, acknowledgedIds(delivered))
    }
    if (keys !== undefined && this.#trusts(sender)) {
      await this.#components.store.transaction((transaction) =>
        this.#components.letterKeys.receiveKeys(transaction, this.#address, sender, keys),
      )
    }
    return delivered !== undefined || keys !== undefined
  }

  #control(to: string, payload: Element): Element {
    return element('message', NS_CLIENT, { from: this.#address, to }, [payload])
  }

  #queue(transaction: Transaction, recipient: string, unnamed: Element): OutboxRow {
    const { clock, random, positions, outbox } = this.#components
    const id = newStanzaId(clock, random)
    const stanza = identify(unnamed, this.#address, id)
    const position = positions.next()
    return outbox.add(transaction, { position, account: this.#address, recipient, id, ends: 'stored', stanza })
  }

  /** Contacts who may see us or whom we see get keys and permits; strangers do not. */
  #trusts(jid: string): boolean {
    const item = this.#roster.item(jid)
    return item !== undefined && item.subscription !== 'none'
  }
}
